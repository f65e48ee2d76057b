# Why what waits does not begin, and who does the work.

held = An owner has paused the bot: this task begins when tasks start again.
held-away = The workers cannot be reached (NATS is away). This task begins when they can; nothing is lost.
held-refused = NATS takes nothing of the bot's work; the operator has to look. This task begins when it does; nothing is lost.
held-no-workers = No worker is there. This task begins when one is.
held-too-large = No worker has the memory for it. This task begins when one has.
held-not-offered = No worker that is there runs this command. This task begins when one does.
all-held = An owner has paused the bot: what is queued waits.
all-held-away = The workers cannot be reached (NATS is away): what is queued waits, nothing is lost.
all-held-refused = NATS takes nothing of the bot's work; the operator has to look: what is queued waits, nothing is lost.
all-held-no-workers = No worker is there: what is queued waits.
all-held-too-large = No worker has the memory for some of these: they wait.
all-held-not-offered = No worker runs the commands of some of these: they wait.
larger-than-workers = too large for all workers
not-offered = no worker runs it
refusal-busy-held = The bot is paused by its owner and takes no more for now: try again when it goes on.
refusal-busy-no-workers = No worker is there, and the bot takes no more for now: try again when one is.

workers-none-wanted = This bot does its work itself, on { $cpu } CPU slots and { $io } IO slots.
workers-head = Workers: { $workers }, with { $cpu } CPU slots, { $io } IO slots and { $memory } of memory.
workers-none = No worker is there that takes tasks: they wait. Others: { $others }.
workers-away = NATS is away for { $time }: tasks wait, nothing is lost. Workers before: { $workers }.
workers-refused = NATS takes nothing of the bot's work for { $time }: tasks wait. Its operator has to look: `jobboard check` says why.
worker = { $host } ({ $version }): { $cpu } CPU, { $io } IO, { $memory }; has { $members }; heard of { $time } ago.
worker-offers = Runs { $commands }.
worker-drains = It is ending and takes nothing more.
worker-too-old = It is too old for this bot and gets nothing.
help-workers = Who does the work: machines, slots, memory
