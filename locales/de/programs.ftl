### Programme des Betreibers.

program-exited = Es endete mit Status { $status }.
program-signalled = Es wurde von { $signal } beendet.
program-took-too-long = Es brauchte länger als { $limit }, sein Limit, und wurde angehalten.
program-took-memory = Es brauchte mehr als { $limit } Speicher, sein Limit, und wurde getötet.
program-took-cpu = Es brauchte mehr als { $limit } Rechenzeit, sein Limit, und wurde getötet.
program-took-processes =
    { $limit ->
        [one] Es hatte mehr als einen Prozess auf einmal, sein Limit, und wurde getötet.
       *[other] Es hatte mehr als { $limit } Prozesse auf einmal, sein Limit, und wurde getötet.
    }
program-missing = Sein Programm ist nicht da; der Betreiber muss nachsehen.
program-not-executable = Sein Programm lässt sich nicht ausführen; der Betreiber muss nachsehen.
program-not-started = Sein Programm ließ sich nicht starten: { $why }
program-not-declared = Diesen Befehl bietet der Betreiber nicht mehr an, oder er nimmt jetzt andere Angaben.
program-unwatched = Was über das Programm wacht, wurde getötet; niemand weiß, wie es geendet hätte. Nichts ist davon übrig.
program-printed-nothing = Es hat nichts ausgegeben.
program-made =
    { $count ->
        [one] Die Datei, die es gemacht hat, folgt.
       *[other] Die { $count } Dateien, die es gemacht hat, folgen.
    }
program-left-out =
    { $count ->
        [one] Eine weitere Datei ließ sich nicht senden: zu groß, leer, eine zu viel oder verloren.
       *[other] { $count } weitere Dateien ließen sich nicht senden: zu groß, leer, zu viele oder verloren.
    }
program-lost = { $size } seiner Ausgabe ließen sich nicht aufheben.
program-output = Die ganze Ausgabe von Task { $id }
program-output-cut = Task { $id } hat { $printed } ausgegeben; { $sent } davon sind aufgehoben.
program-file = Von Task { $id }
program-file-of = Von Task { $id }, { $at } von { $of }
program-path-outside = Der Pfad { $path } führt aus dem Ordner hinaus, in dem er liegen muss.
program-no-such-path = Unter dem Pfad { $path } kann nichts liegen.
