# Warum nicht beginnt, was wartet, und wer die Arbeit macht.

held = Ein Eigentümer hat den Bot pausiert: Dieser Task beginnt, sobald wieder Tasks starten.
held-away = Die Worker sind nicht zu erreichen (NATS ist weg). Dieser Task beginnt, sobald sie es sind; nichts geht verloren.
held-refused = NATS nimmt nichts von der Arbeit des Bots an; der Betreiber muss nachsehen. Dieser Task beginnt, sobald es das tut; nichts geht verloren.
held-no-workers = Es ist kein Worker da. Dieser Task beginnt, sobald einer da ist.
held-too-large = Kein Worker hat genug Speicher dafür. Dieser Task beginnt, sobald einer ihn hat.
held-not-offered = Kein Worker, der da ist, führt diesen Befehl aus. Dieser Task beginnt, sobald es einer tut.
all-held = Ein Eigentümer hat den Bot pausiert: Was wartet, beginnt noch nicht.
all-held-away = Die Worker sind nicht zu erreichen (NATS ist weg): Was wartet, beginnt noch nicht; nichts geht verloren.
all-held-refused = NATS nimmt nichts von der Arbeit des Bots an; der Betreiber muss nachsehen: Was wartet, beginnt noch nicht; nichts geht verloren.
all-held-no-workers = Es ist kein Worker da: Was wartet, beginnt noch nicht.
all-held-too-large = Kein Worker hat genug Speicher für manche davon: Sie warten.
all-held-not-offered = Kein Worker führt die Befehle einiger davon aus: sie warten.
larger-than-workers = zu groß für alle Worker
not-offered = kein Worker dafür
refusal-busy-held = Der Bot ist von seinem Eigentümer pausiert und nimmt im Moment nichts mehr an: Bitte noch einmal versuchen, wenn es weitergeht.
refusal-busy-no-workers = Es ist kein Worker da, und der Bot nimmt im Moment nichts mehr an: Bitte noch einmal versuchen, wenn einer da ist.

workers-none-wanted = Dieser Bot macht seine Arbeit selbst, auf { $cpu } CPU-Plätzen und { $io } IO-Plätzen.
workers-head = Worker: { $workers }, mit { $cpu } CPU-Plätzen, { $io } IO-Plätzen und { $memory } Speicher.
workers-none = Kein Worker ist da, der Tasks annimmt: Sie warten. Andere: { $others }.
workers-away = NATS ist seit { $time } weg: Tasks warten, nichts geht verloren. Worker davor: { $workers }.
workers-refused = NATS nimmt seit { $time } nichts von der Arbeit des Bots an: Tasks warten. Der Betreiber muss nachsehen: `jobboard check` sagt, warum.
worker = { $host } ({ $version }): { $cpu } CPU, { $io } IO, { $memory }; hat { $members }; zuletzt gehört vor { $time }.
worker-offers = Führt { $commands } aus.
worker-drains = Er wird beendet und nimmt nichts mehr an.
worker-too-old = Er ist zu alt für diesen Bot und bekommt nichts.
help-workers = Wer die Arbeit macht: Rechner, Plätze, Speicher
