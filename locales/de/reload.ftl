### Die Datei des Betreibers, neu gelesen.

reload-no-file = Es gibt keine Datei mit Befehlen: der Betreiber setzt JOBBOARD_JOBS_FILE.
reload-refused =
    { $count ->
        [one] Alles bleibt, wie es war: die Datei hat einen Fehler.
       *[other] Alles bleibt, wie es war: die Datei hat { $count } Fehler.
    }
reload-slow = Alles bleibt, wie es war: die Datei ließ sich in { $within } nicht lesen.
reload-done =
    { $count ->
        [one] Die Datei hat { $count } Befehl.
       *[other] Die Datei hat { $count } Befehle.
    }
reload-added = Neu: { $names }
reload-changed = Geändert: { $names }
reload-removed = Entfernt: { $names }
reload-same = Nichts hat sich geändert.
