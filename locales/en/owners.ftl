# What owners of the bot say and hear, and who is let in.

help-allow = Let a chat in; without an id, who is let in
help-deny = Let a chat out, whatever the settings say: its unfinished tasks are cancelled
help-stats = How the bot is doing
help-pause = Start no more tasks: those that run go on, the others wait
help-resume = Start tasks again
help-reload = Read the file of declared commands again; a bad one changes nothing
help-owners = For owners of this bot, in this chat:
owners-only = { $command } is for owners of this bot, in their private chats with me (the operator sets JOBBOARD_OWNERS).
not-a-chat = { $command }: "{ $word }" is not a chat's id, which is a number, in groups a negative one: { $example }
want-chat = a chat's id

stranger = This bot works for other chats. To let this one in, give its id to the bot's owner: { $chat }
denied = This bot does not work for this chat.
cancelled-denied = Cancelled: an owner of this bot has denied this chat

access-allowed-now = Chat { $chat } may use this bot now.
access-allowed-already = Chat { $chat } may use this bot already.
access-allowed-as-all = Chat { $chat } may use this bot, as every chat may (JOBBOARD_ALLOWED_CHATS is empty). It is noted, for when that changes.
access-denied-now =
    { $tasks ->
        [0] Chat { $chat } may not use this bot any more. allow { $chat } lets it in again.
        [one] Chat { $chat } may not use this bot any more, and its one unfinished task is cancelled. allow { $chat } lets it in again.
       *[other] Chat { $chat } may not use this bot any more, and its { $tasks } unfinished tasks are cancelled. allow { $chat } lets it in again.
    }
access-denied-already = Chat { $chat } is denied already.
access-owners = Chat { $chat } is an owner's private chat, which is always let in.
access-not-stored = It stays as it was: { $why }.
access-every-chat = Every chat may use this bot, but for those denied here.
access-some-chats = These chats may use this bot, and the private chats of its owners:
access-setting = In JOBBOARD_ALLOWED_CHATS: { $chats }
access-allowed = Allowed here: { $chats }
access-denied = Denied here: { $chats }
access-none = none

paused-now = Paused: no task starts until resume. Still running: { $running }, waiting: { $queued }.
paused-already = It is paused already. Still running: { $running }, waiting: { $queued }.
resumed-now = Tasks start again. Running: { $running }, waiting: { $queued }.
resumed-already = It is not paused. Running: { $running }, waiting: { $queued }.
pause-not-stored = A restart would undo it: { $why }.

stats-head = Jobboard { $version }, up for { $time }
stats-paused = Paused: no task starts until resume.
stats-chats = Chats with a board: { $chats }. People heard in the last hour: { $people }.
stats-access = Chats allowed by owners: { $allowed }, denied: { $denied }.
stats-tasks = Tasks: { $running } running, { $queued } queued, { $succeeded } succeeded, { $failed } failed, { $cancelled } cancelled.
stats-slots = { $line } slots: { $running } of { $slots } used, nobody waits.
stats-slots-wait = { $line } slots: { $running } of { $slots } used, waiting: { $waiting }, the first for { $time }.
stats-memory = Memory: tasks hold { $used } of { $budget }.
stats-process = Memory: tasks hold { $used } of { $budget }, the process has { $process }.
stats-updates = Since the start: updates { $updates }, messages and edits { $messages }, pauses that Telegram asked for (429) { $pauses }.
stats-store = The store has { $size }.
