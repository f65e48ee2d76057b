# Whose a task is, and who may do what with it.

cancelled-blocked = Cancelled: the bot was blocked
cancelled-removed = Cancelled: the bot was removed from the chat
not-your-question = Only who was asked, an admin of this chat or an owner of this bot may answer this.
asked-already = That was asked for a moment ago: it is there, or on its way.
not-known = You are not known to be an admin: Telegram did not tell me.
not-allowed-kill =
    { $known ->
        [yes] Task { $id } is { $owner }'s: only { $owner }, an admin of this chat or an owner of this bot may kill it.
       *[no] Task { $id } is { $owner }'s: only { $owner }, an admin here or an owner of this bot may kill it.
    }
not-allowed-retry =
    { $known ->
        [yes] Task { $id } is { $owner }'s: only { $owner }, an admin of this chat or an owner of this bot may run it again.
       *[no] Task { $id } is { $owner }'s: only { $owner }, an admin here or an owner of this bot may run it again.
    }
confirm-below = It is { $owner }'s task: confirm it in my answer.
task-of = { $owner }'s task { $id }, { $command }
kill-question = Kill { $task }?
kill-question-many =
    { $count ->
        [one] Kill this { $count } task of others?
       *[other] Kill these { $count } tasks of others?
    }
kill-question-rest = For the others, ask again: kill { $ids }
kill-all-question =
    { $count ->
        [one] Kill the one unfinished task?
       *[other] Kill all { $count } unfinished tasks?
    }
kill-own-question =
    { $count ->
        [one] Kill your one unfinished task?
       *[other] Kill your { $count } unfinished tasks?
    }
kill-all-of-others =
    { $others ->
        [one] Kill the one unfinished task? It is not yours.
       *[other] Kill all { $others } unfinished tasks? None of them is yours.
    }
kill-all-and-others =
    { $others ->
        [one] Kill all { $all } unfinished tasks? 1 of them is somebody else's.
       *[other] Kill all { $all } unfinished tasks? { $others } of them are other people's.
    }
none-is-yours =
    { $others ->
        [one] The one unfinished task is not yours: only who sent a task, an admin of this chat or an owner of this bot may kill it.
       *[other] None of the { $others } unfinished tasks is yours: only who sent a task, an admin of this chat or an owner of this bot may kill it.
    }
others-go-on =
    { $others ->
        [one] { $others } task of others goes on: only who sent a task, an admin of this chat or an owner of this bot may kill it.
       *[other] { $others } tasks of others go on: only who sent a task, an admin of this chat or an owner of this bot may kill it.
    }
