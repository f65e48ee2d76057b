# What is run again and again, or later.

help-every = Run a task again and again: every 6h, every day 03:00, every monday 09:00
help-at = Run a task once, later: at 18:30, at tomorrow 09:00, at 2026-12-24 18:30
help-schedules = What is scheduled in this chat
help-unschedule = Take schedules back

schedule-made = Schedule { $id }: { $what }
schedule-first = Next: { $time }, in { $left }
schedule-zone-hint = The time zone is { $zone }, since nobody chose one here. For schedules that are made from then on: settings timezone Europe/Berlin
schedule-days = { $count } days
by-schedule = schedule { $id }

schedules-head =
    { $count ->
        [one] { $count } schedule:
       *[other] { $count } schedules:
    }
schedules-line = { $id }: { $what } · { $person } · next { $time }, in { $left }
schedules-refused =
    { $times ->
        [one] (its last task was not taken)
       *[other] (its last { $times } tasks were not taken)
    }
schedules-none = Nothing is scheduled here. Try: every day 03:00 fib 100
schedules-paused = The owner has paused this bot: nothing is run before it goes on.

# When it is due.
schedule-missed =
    { $count ->
        [one] Schedule { $id }, { $what }: { $count } run was missed while the bot was away.
       *[other] Schedule { $id }, { $what }: { $count } runs were missed while the bot was away.
    }
schedule-missed-many = Schedule { $id }, { $what }: { $count } runs or more were missed while the bot was away.
schedule-missed-run = It runs once now.
schedule-refused = Schedule { $id }, { $what }, was not run: { $why }
schedule-unfinished = its task { $id } from the time before is not finished.
schedule-next = Its next time is { $time }.
schedule-over = It does not come again.

# Taken back.
unscheduled = Schedule { $id }, { $what }, is gone. What it has started goes on.
unscheduled-many =
    { $count ->
        [one] { $count } schedule is gone: { $ids }. What it has started goes on.
       *[other] { $count } schedules are gone: { $ids }. What they have started goes on.
    }
no-such-schedule = There is no schedule { $id }
not-allowed-unschedule = Schedule { $id } is { $owner }'s: only { $owner }, an admin of this chat or an owner of this bot may take it back.
unschedule-not-stored = Schedule { $id } is not run any more, but { $why }: after a restart it would be there again.

# Why something is not scheduled.
schedules-too-many =
    { $count ->
        [one] This chat has { $count } schedule and may have { $limit }. Take one back with unschedule.
       *[other] This chat has { $count } schedules and may have { $limit }. Take one back with unschedule.
    }
schedules-off = This bot takes no schedules (the operator sets JOBBOARD_MAX_SCHEDULES).
schedule-past = { $when }: that is in the past, in the time zone { $zone }.
schedule-skipped = { $when }: there is no such time in the time zone { $zone }, where the clock is put forward over it. Take an earlier or a later one.
schedule-too-far = { $when }: that is beyond what my calendar holds.
schedule-not-an-interval = every: "{ $word }" is neither a time like 30m, 6h or 2d nor a day: every 6h fib 100, every day 03:00 fib 100, every monday 09:00 fib 100
schedule-no-length = every: { $word } is no time of mine, since months and years differ in length. Minutes are 30m, days 30d, up to 366d: every 30d fib 100
schedule-too-often = every: { $word } is too often, the shortest is 1m: every 1m fib 100
schedule-too-seldom = every: { $word } is too seldom, the longest is 366d: every 366d fib 100
schedule-not-a-time = { $command } wants a time from 00:00 to 23:59 here, and then the command; "{ $word }" is none: { $command ->
        [at] at 18:30 fib 100
       *[every] every day 03:00 fib 100
    }
schedule-no-clock = { $command } wants a time from 00:00 to 23:59 here, and then the command: { $command ->
        [at] at 18:30 fib 100
       *[every] every day 03:00 fib 100
    }
schedule-not-a-date = at: "{ $word }" is not a day; write year, month and day: at 2026-12-24 18:30 fib 100
schedule-not-a-task = { $command }: only tasks can be scheduled, and { $name } makes none: { $command ->
        [at] at 18:30 fib 100
       *[every] every day 03:00 fib 100
    }
not-a-schedule = unschedule: "{ $word }" is not a schedule's number: unschedule 3. (schedules shows them.)

# What a command wants.
want-when = a time and a command
want-scheduled = the command of a task behind the time
want-schedules = schedules' numbers
