# In and around the picture of the last tasks.

timeline-nothing = There is nothing to draw yet: the tasks on this board ran before their times were kept.
timeline-not-drawn = The picture could not be drawn, by a mistake in the bot; the operator finds it in the log.
button-light = Light
button-dark = Dark

# In the picture: no letters that its font has not.
legend-waits = waits
legend-runs = runs on a worker
legend-asks = request
legend-cancelled = cancelled
legend-failed = failed
legend-others = other chats
axis-now = now
lane-waiting = waiting
lane-at-once = at once
lane-requests = requests
lane-worker = worker { $number }
lanes-more = +{ $count } more

# Below it.
caption-parallel =
    { $workers ->
        [one] up to { $parallel } of { $workers } CPU worker busy in parallel
       *[other] up to { $parallel } of { $workers } CPU workers busy in parallel
    }
caption-concurrent =
    { $count ->
        [one] up to { $count } request at the same time
       *[other] up to { $count } requests at the same time
    }
caption-failed = { $count } failed
caption-cancelled = { $count } cancelled
caption-unfinished = { $count } not finished yet

# A member's way.
member-request = request { $number }
member-runs = runs for { $time }
member-failed = failed after { $time }
member-cancelled = cancelled after { $time }
member-never-began = cancelled before it began
members-left-out = … and { $count } more; timeline draws them all
