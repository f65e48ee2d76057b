# Said in these words whatever the language is: people, and programs that read along, know them.

submitted = Task { $id } is submitted
still-waiting = Still waiting
killed = Task "{ $command }" is killed
no-such-task = There is no task { $id }
pokemon = The pokemon with id { $id } is { $name }
number-start = The { $nth } fibonacci number is{ " " }
exiting = Exiting
all-submitted = { $tasks } are submitted
