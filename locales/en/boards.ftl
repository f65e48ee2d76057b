# Dashes, and messages about several tasks.

live = ● live
job-tells-more = job NUM tells the whole of one.
tasks = Tasks { $range }
tasks-and = Tasks { $before } and { $last }
tasks-and-others = Tasks { $first } …
all-done = All { $all } are done
some-done = { $over } of { $all } are done
which-task = That message is about several: { $tasks }. Say which one, as in { $command } { $first }
filter-all = All
filter-running = Running
filter-finished = Finished
filter-mine = Mine
nothing-finished = Nothing has finished yet.
nothing-mine = Who asked for this dash has no tasks here.
place = { $position }
place-and-wait = { $position }, about { $wait }
all-paused = The bot is stopping: these tasks go on when it is back.
