# What is said of tasks: on cards, in answers, on buttons.

# States, each one word.
state-queued = queued
state-running = running
state-cancelling = cancelling
state-succeeded = succeeded
state-failed = failed
state-cancelled = cancelled
state-again = { $state } (attempt { $attempt })

# Beside a state.
status-since = { $state }, { $time }
status-succeeded = { $state } in { $time }
status-ended = { $state } after { $time }
status-waits = { $state }, { $why }
waits-for-memory = waits for memory

# The lines of a card and of what is said of a task.
task = Task { $id }
announced = { $state }
announced-after = { $state } after { $time }
cancelled-by = Cancelled by { $by }
digits-in-all = ({ $count } digits)
digits-dropped = Task { $id }: its digits were dropped; retry { $id } computes them again. (Long results share a limited space: JOBBOARD_KEEP_MB.)
paused = The bot is stopping: this task goes on when it is back.
short-card = It is { $state }: dash tells more
and-more = … and { $count } more
no-pokemon = no { $key }

# A Pokémon.
pokemon-types = Types: { $types }
pokemon-size = Height: { $height } m, weight: { $weight } kg
pokemon-abilities = Abilities: { $abilities }
pokemon-hidden = { $ability } (hidden)
pokemon-stats = Base stats: { $stats }

# Why a task failed.
failure-no-such-pokemon = There is no Pokémon { $key }
failure-unreachable = PokéAPI could not be reached. Try again later.
failure-timed-out = PokéAPI did not answer in time. Try again later.
failure-status = PokéAPI has a problem (status { $status }). Try again later.
failure-nonsense = PokéAPI's answer makes no sense: { $why }
failure-took-too-long = It took longer than { $limit }, the limit for a task.
failure-stopped-the-bot =
    { $times ->
        [one] It stopped the bot once, so it is left alone.
       *[other] It stopped the bot { $times } times, so it is left alone.
    }
failure-stopped-the-workers =
    { $times ->
        [one] It stopped the worker that had it, so it is left alone.
       *[other] It stopped { $times } workers, so it is left alone.
    }
failure-unreadable-result = The bot cannot read the result, because its worker is of another version; the operator finds more in the log.
failure-lost-result =
    { $times ->
        [one] Its result was lost on its way to the bot, so it is left alone; the operator finds more in the log.
       *[other] Its result was lost { $times } times on its way to the bot, so it is left alone; the operator finds more in the log.
    }
failure-interrupted = It was interrupted when the bot or its worker stopped, and is not run again by itself.
failure-panicked = It failed by a mistake in the bot; the operator finds it in the log.
failure-wrong-result = The result failed its check, so it is not shown; the operator finds it in the log.
failure-of-member = { $key }: { $why }

# Kills.
finished-first = Task "{ $command }" finished before it could be killed
finished-first-cancelled = Task "{ $command }" finished before it could be killed: it was cancelled already
kill-not-stored = It is being stopped, but { $why }: if the bot crashed now, it would run again.
already = Task { $id } is { $state } already
killing = Killing task { $id } …
killing-all =
    { $count ->
        [one] Killing { $count } task …
       *[other] Killing { $count } tasks …
    }
nothing-running = Nothing is running, and nothing waits.
nothing-killed = Nothing was killed.

# The board.
board =
    { $total ->
        [one] Board: { $total } task, { $running } running, { $queued } queued
       *[other] Board: { $total } tasks, { $running } running, { $queued } queued
    }
empty-board = The board is empty. Try: fib 100
column-id = id
column-command = command
column-state = state
column-result = result

# Buttons.
button-kill = Kill
button-kill-all = Kill { $count }
button-keep = Keep
button-retry = Retry
button-whole-number = Whole number
button-whole-result = Whole result
button-whole-output = Whole output
button-result = Result
button-newer = ‹ Newer
button-older = Older ›
button-refresh = Refresh
button-refresh-page = Refresh { $page }/{ $pages }
old-button = This button is from an older board: send dash for the one that is now.

# Why a task was not taken, or not run again.
refusal-too-many =
    { $live ->
        [one] This chat has { $live } unfinished task and may have { $limit }. Wait for one to finish, or kill one.
       *[other] This chat has { $live } unfinished tasks and may have { $limit }. Wait for one to finish, or kill one.
    }
refusal-too-many-person =
    { $live ->
        [one] You have { $live } unfinished task in all chats together and may have { $limit }. Wait for it to finish, or kill it.
       *[other] You have { $live } unfinished tasks in all chats together and may have { $limit }. Wait for one to finish, or kill one.
    }
refusal-too-many-members = One task takes up to { $limit } numbers or names at once, not { $members }.
refusal-fib-too-large = fib: { $n } is too large, the largest I take is { $limit }.
refusal-not-stored = I cannot take tasks at the moment: { $why }, and what I cannot store I would forget. Please try again later.
refusal-busy = The bot is busy, try in { $seconds } s.
refusal-stopping = The bot is about to stop and takes no new tasks.
retry-not-now = Task { $id } is { $state }: only a task that failed, was cancelled or lost its digits can be run again.
task-forgotten = Task { $id } is not kept any more: a board keeps its last { $jobs } finished tasks, and none for longer than { $time }

# What would need too much memory.
needs-memory = The { $nth } fibonacci number needs { $need } of memory, and this bot may use { $budget }.
need-memory = These { $members } fibonacci numbers together need { $need } of memory, and this bot may use { $budget }.
largest-that-fits = The largest that fits is about fib { $largest }.
as-many-fit = As many fit if none is larger than about { $largest }.

# Why nothing can be stored.
store-full = no space is left in the data folder
store-read-only = the data folder is read-only
store-slow = the disk is too slow for all that is to be stored
store-broken = the data folder cannot be written: { $why }

# Times.
about-left = about { $time } left
about-left-short = ~{ $time } left

# Where something is said, and by whom it may be.
quit-refused = Only an owner of this bot may stop it (the operator sets JOBBOARD_OWNERS).
answers-skipped = Too many commands at once: some went without an answer. dash shows the board as it is.
topic-gone = The topic of this was closed or deleted, so I say it here.

# Who says too much.
rate-over = You have sent { $limit } commands within a minute, and I take no more from one person. The next is taken in { $wait }; until then I say nothing, but kill goes on working.
rate-over-press = Too fast: I take { $limit } commands a minute from one person. Again in { $wait }.
days = { $count } days
