### Programme des Betreibers.

program-exited = Es endete mit Status { $status }.
program-signalled = Es wurde von Signal { $signal } beendet.
program-took-too-long = Es brauchte länger als { $limit }, sein Limit, und wurde angehalten.
program-missing = Sein Programm ist nicht da; der Betreiber muss nachsehen.
program-not-executable = Sein Programm lässt sich nicht ausführen; der Betreiber muss nachsehen.
program-not-started = Sein Programm ließ sich nicht starten: { $why }
program-not-declared = Diesen Befehl bietet der Betreiber nicht mehr an, oder er nimmt jetzt andere Angaben.
program-path-outside = Der Pfad { $path } führt aus dem Ordner hinaus, in dem er liegen muss.
