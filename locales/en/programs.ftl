### Declared programs.

program-exited = It ended with status { $status }.
program-signalled = It was ended by signal { $signal }.
program-took-too-long = It took longer than { $limit }, its limit, and was stopped.
program-missing = Its program is not there; the operator has to look.
program-not-executable = Its program cannot be executed; the operator has to look.
program-not-started = Its program could not be started: { $why }
program-not-declared = The operator does not offer this command any more, or it takes other arguments now.
program-path-outside = The path { $path } leads out of the folder that it has to be in.
