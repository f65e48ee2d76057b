### Declared programs.

program-exited = It ended with status { $status }.
program-signalled = It was ended by { $signal }.
program-took-too-long = It took longer than { $limit }, its limit, and was stopped.
program-took-memory = It used more than { $limit } of memory, its limit, and was killed.
program-took-cpu = It used more than { $limit } of CPU time, its limit, and was killed.
program-took-processes =
    { $limit ->
        [one] It had more than one process at once, its limit, and was killed.
       *[other] It had more than { $limit } processes at once, its limit, and was killed.
    }
program-missing = Its program is not there; the operator has to look.
program-not-executable = Its program cannot be executed; the operator has to look.
program-not-started = Its program could not be started: { $why }
program-not-declared = The operator does not offer this command any more, or it takes other arguments now.
program-unwatched = What watches over the program was killed, so nobody knows how it would have ended. Nothing of it is left.
program-printed-nothing = It printed nothing.
program-made =
    { $count ->
        [one] The file it made follows.
       *[other] The { $count } files it made follow.
    }
program-left-out =
    { $count ->
        [one] One more file is too large, empty, one too many, or lost, and is not sent.
       *[other] { $count } more files could not be sent: too large, empty, too many, or lost.
    }
program-lost = { $size } of its output could not be kept.
program-output = The whole output of task { $id }
program-output-cut = Task { $id } printed { $printed }; { $sent } of it are kept.
program-file = From task { $id }
program-file-of = From task { $id }, { $at } of { $of }
program-path-outside = The path { $path } leads out of the folder that it has to be in.
program-no-such-path = There can be nothing at the path { $path }.
