# Why what waits does not begin, and who does the work.

held = An owner has paused the bot: this task begins when tasks start again.
held-away = The workers cannot be reached (NATS is away). This task begins when they can; nothing is lost.
held-no-workers = No worker is there. This task begins when one is.
held-too-large = No worker has the memory for it. This task begins when one has.
all-held = An owner has paused the bot: what is queued waits.
all-held-away = The workers cannot be reached (NATS is away): what is queued waits, nothing is lost.
all-held-no-workers = No worker is there: what is queued waits.
all-held-too-large = No worker has the memory for some of these: they wait.
too-large = too large for all workers
refusal-busy-held = The bot is paused by its owner and takes no more for now: try again when it goes on.
refusal-busy-no-workers = No worker is there, and the bot takes no more for now: try again when one is.
