# Was immer wieder oder später läuft.

help-every = Einen Task immer wieder starten: every 6h, every day 03:00, every monday 09:00
help-at = Einen Task einmal später starten: at 18:30, at tomorrow 09:00, at 2026-12-24 18:30
help-schedules = Was in diesem Chat geplant ist
help-unschedule = Pläne zurücknehmen

schedule-made = Plan { $id }: { $what }
schedule-first = Als Nächstes: { $time }, in { $left }
schedule-zone-hint = Die Zeitzone ist { $zone }, weil hier niemand eine gewählt hat. Für Pläne, die danach entstehen: settings timezone Europe/Berlin
schedule-days = { $count } Tagen
by-schedule = Plan { $id }

schedules-head =
    { $count ->
        [one] { $count } Plan:
       *[other] { $count } Pläne:
    }
schedules-line = { $id }: { $what } · { $person } · als Nächstes { $time }, in { $left }
schedules-refused =
    { $times ->
        [one] (sein letzter Task wurde nicht angenommen)
       *[other] (seine letzten { $times } Tasks wurden nicht angenommen)
    }
schedules-none = Hier ist nichts geplant. Ein Versuch: every day 03:00 fib 100
schedules-paused = Der Eigentümer hat diesen Bot angehalten: Bis es weitergeht, läuft nichts davon.

# Wenn es so weit ist.
schedule-missed =
    { $count ->
        [one] Plan { $id }, { $what }: { $count } Lauf wurde verpasst, während der Bot weg war.
       *[other] Plan { $id }, { $what }: { $count } Läufe wurden verpasst, während der Bot weg war.
    }
schedule-missed-many = Plan { $id }, { $what }: { $count } Läufe oder mehr wurden verpasst, während der Bot weg war.
schedule-missed-run = Er läuft jetzt einmal.
schedule-refused = Plan { $id }, { $what }, lief nicht: { $why }
schedule-unfinished = sein Task { $id } vom letzten Mal ist noch nicht fertig.
schedule-next = Das nächste Mal ist { $time }.
schedule-over = Er läuft nicht noch einmal.

# Zurückgenommen.
unscheduled = Plan { $id }, { $what }, ist gelöscht. Was er gestartet hat, läuft weiter.
unscheduled-many =
    { $count ->
        [one] { $count } Plan ist gelöscht: { $ids }. Was er gestartet hat, läuft weiter.
       *[other] { $count } Pläne sind gelöscht: { $ids }. Was sie gestartet haben, läuft weiter.
    }
no-such-schedule = Einen Plan { $id } gibt es nicht
not-allowed-unschedule = Plan { $id } gehört { $owner }: Nur { $owner }, Admins dieses Chats und Eigentümer dieses Bots dürfen ihn zurücknehmen.
unschedule-not-stored = Plan { $id } läuft nicht mehr, aber { $why }: Nach einem Neustart wäre er wieder da.

# Warum etwas nicht geplant wird.
schedules-too-many =
    { $count ->
        [one] Dieser Chat hat { $count } Plan und darf { $limit } haben. unschedule nimmt einen zurück.
       *[other] Dieser Chat hat { $count } Pläne und darf { $limit } haben. unschedule nimmt einen zurück.
    }
schedules-off = Dieser Bot nimmt keine Pläne an (der Betreiber setzt JOBBOARD_MAX_SCHEDULES).
schedule-past = { $when }: Das ist vorbei, in der Zeitzone { $zone }.
schedule-skipped = { $when }: Diese Zeit gibt es in der Zeitzone { $zone } nicht, die Uhr wird über sie hinweg vorgestellt. Bitte eine frühere oder spätere nehmen.
schedule-too-far = { $when }: So weit reicht mein Kalender nicht.
schedule-not-an-interval = every: „{ $word }“ ist weder eine Zeit wie 30m, 6h oder 2d noch ein Tag: every 6h fib 100, every day 03:00 fib 100, every monday 09:00 fib 100
schedule-no-length = every: { $word } ist für mich keine Zeit, denn Monate und Jahre sind verschieden lang. Minuten sind 30m, Tage 30d, bis 366d: every 30d fib 100
schedule-too-often = every: { $word } ist zu oft, das kürzeste ist 1m: every 1m fib 100
schedule-too-seldom = every: { $word } ist zu selten, das längste ist 366d: every 366d fib 100
schedule-not-a-time = { $command } braucht hier eine Uhrzeit von 00:00 bis 23:59 und dann den Befehl; „{ $word }“ ist keine: { $command ->
        [at] at 18:30 fib 100
       *[every] every day 03:00 fib 100
    }
schedule-no-clock = { $command } braucht hier eine Uhrzeit von 00:00 bis 23:59 und dann den Befehl: { $command ->
        [at] at 18:30 fib 100
       *[every] every day 03:00 fib 100
    }
schedule-not-a-date = at: „{ $word }“ ist kein Tag; bitte Jahr, Monat und Tag schreiben: at 2026-12-24 18:30 fib 100
schedule-not-a-task = { $command }: Nur Tasks lassen sich planen, und { $name } ist keiner: { $command ->
        [at] at 18:30 fib 100
       *[every] every day 03:00 fib 100
    }
not-a-schedule = unschedule: „{ $word }“ ist nicht die Nummer eines Plans: unschedule 3. (schedules zeigt sie.)

# Was ein Befehl braucht.
want-when = eine Zeit und einen Befehl
want-scheduled = hinter der Zeit den Befehl eines Tasks
want-schedules = die Nummern von Plänen
