# Das Board, und Nachrichten über mehrere Tasks.

live = ● live
job-tells-more = job NUM zeigt einen davon ganz.
tasks = Tasks { $range }
tasks-and = Tasks { $before } und { $last }
tasks-and-others = Tasks { $first } …
all-done = Alle { $all } sind fertig
some-done = { $over } von { $all } sind fertig
which-task = Diese Nachricht betrifft mehrere: { $tasks }. Welcher ist gemeint? Zum Beispiel { $command } { $first }
filter-all = Alle
filter-running = Laufende
filter-finished = Beendete
filter-mine = Meine
nothing-finished = Noch ist nichts zu Ende.
nothing-mine = Wer dieses Board wollte, hat hier keine Tasks.
place = an { $position } Stelle
place-and-wait = an { $position } Stelle, etwa { $wait }
all-paused = Der Bot wird angehalten: Diese Tasks laufen weiter, sobald er zurück ist.
