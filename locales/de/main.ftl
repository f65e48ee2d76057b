# Was über Tasks gesagt wird: auf Karten, in Antworten, auf Knöpfen.

# Zustände, je ein Wort.
state-queued = wartet
state-running = läuft
state-cancelling = bricht ab
state-succeeded = fertig
state-failed = gescheitert
state-cancelled = abgebrochen
state-again = { $state } ({ $attempt }. Versuch)

# Neben einem Zustand.
status-since = { $state }, { $time }
status-succeeded = { $state } in { $time }
status-ended = { $state } nach { $time }
status-waits = { $state }, { $why }
waits-for-memory = Speicher fehlt noch

# Die Zeilen einer Karte und was sonst über einen Task gesagt wird.
task = Task { $id }
announced = ist { $state }
announced-after = ist nach { $time } { $state }
cancelled-by = Cancelled (von { $by })
digits-in-all = ({ $count } Stellen)
digits-dropped = Task { $id }: Die Ziffern wurden gelöscht; retry { $id } berechnet sie neu. (Lange Ergebnisse teilen sich begrenzten Platz: JOBBOARD_KEEP_MB.)
paused = Der Bot wird angehalten: Dieser Task läuft weiter, sobald er zurück ist.
short-card = Zustand: { $state }. Mehr zeigt dash
and-more = … und { $count } mehr
no-pokemon = kein { $key }

# Ein Pokémon.
pokemon-types = Typen: { $types }
pokemon-size = Größe: { $height } m, Gewicht: { $weight } kg
pokemon-abilities = Fähigkeiten: { $abilities }
pokemon-hidden = { $ability } (versteckt)
pokemon-stats = Basiswerte: { $stats }

# Warum ein Task gescheitert ist.
failure-no-such-pokemon = Es gibt kein Pokémon { $key }
failure-unreachable = PokéAPI ist nicht erreichbar. Bitte später noch einmal versuchen.
failure-timed-out = PokéAPI hat nicht rechtzeitig geantwortet. Bitte später noch einmal versuchen.
failure-status = PokéAPI hat ein Problem (Status { $status }). Bitte später noch einmal versuchen.
failure-nonsense = Die Antwort von PokéAPI ergibt keinen Sinn: { $why }
failure-took-too-long = Länger als { $limit } darf ein Task nicht dauern.
failure-stopped-the-bot =
    { $times ->
        [one] Der Bot ist dabei einmal abgestürzt, deshalb wird der Task nicht wieder gestartet.
       *[other] Der Bot ist dabei { $times }-mal abgestürzt, deshalb wird der Task nicht wieder gestartet.
    }
failure-stopped-the-workers =
    { $times ->
        [one] Der Worker ist dabei abgestürzt, deshalb wird der Task nicht wieder gestartet.
       *[other] Dabei sind { $times } Worker abgestürzt, deshalb wird der Task nicht wieder gestartet.
    }
failure-unreadable-result = Der Bot kann das Ergebnis nicht lesen, weil der Worker eine andere Version hat; der Betreiber findet mehr im Log.
failure-lost-result =
    { $times ->
        [one] Das Ergebnis ging auf dem Weg zum Bot verloren, deshalb wird der Task nicht wieder gestartet; der Betreiber findet mehr im Log.
       *[other] Das Ergebnis ging { $times }-mal auf dem Weg zum Bot verloren, deshalb wird der Task nicht wieder gestartet; der Betreiber findet mehr im Log.
    }
failure-interrupted = Unterbrochen, als der Bot oder sein Worker endete; es läuft nicht von selbst noch einmal.
failure-panicked = Gescheitert an einem Fehler im Bot; der Betreiber findet ihn im Log.
failure-wrong-result = Das Ergebnis hat seine Prüfung nicht bestanden und wird nicht gezeigt; der Betreiber findet mehr im Log.
failure-of-member = { $key }: { $why }

# Abbrüche.
finished-first = Task „{ $command }“ war zu Ende, bevor er abgebrochen werden konnte
finished-first-cancelled = Task „{ $command }“ war zu Ende, bevor er abgebrochen werden konnte: Er war schon abgebrochen
kill-not-stored = Der Abbruch läuft, aber { $why }: Nach einem Absturz in diesem Moment liefe der Task noch einmal.
already = Task { $id }: schon { $state }
killing = Task { $id } wird abgebrochen …
killing-all =
    { $count ->
        [one] { $count } Task wird abgebrochen …
       *[other] { $count } Tasks werden abgebrochen …
    }
nothing-running = Nichts läuft, und nichts wartet.
nothing-killed = Nichts wurde abgebrochen.

# Das Board.
board =
    { $total ->
        [one] Board: { $total } Task, laufend: { $running }, wartend: { $queued }
       *[other] Board: { $total } Tasks, laufend: { $running }, wartend: { $queued }
    }
empty-board = Das Board ist leer. Zum Ausprobieren: fib 100
column-id = Nr
column-command = Befehl
column-state = Zustand
column-result = Ergebnis

# Knöpfe.
button-kill = Abbrechen
button-kill-all = { $count } abbrechen
button-keep = Weiterlaufen lassen
button-retry = Noch einmal
button-whole-number = Ganze Zahl
button-whole-result = Ganzes Ergebnis
button-whole-output = Ganze Ausgabe
button-result = Ergebnis
button-newer = ‹ Neuere
button-older = Ältere ›
button-refresh = Aktualisieren
button-refresh-page = Aktualisieren { $page }/{ $pages }
old-button = Dieser Knopf gehört zu einem älteren Board: dash zeigt das jetzige.

# Warum ein Task nicht angenommen oder nicht noch einmal gestartet wurde.
refusal-too-many =
    { $live ->
        [one] Dieser Chat hat { $live } offenen Task, mehr als { $limit } sind nicht erlaubt. Bitte warten, bis er fertig ist, oder ihn mit kill abbrechen.
       *[other] Dieser Chat hat { $live } offene Tasks, mehr als { $limit } sind nicht erlaubt. Bitte warten, bis einer fertig ist, oder einen mit kill abbrechen.
    }
refusal-too-many-person = Eine Person darf in allen Chats zusammen höchstens { $limit } offene Tasks haben, und es sind schon { $live }. Bitte warten, bis einer fertig ist, oder einen mit kill abbrechen.
refusal-too-many-members = Ein Task nimmt höchstens { $limit } Zahlen oder Namen auf einmal, nicht { $members }.
refusal-fib-too-large = fib: { $n } ist zu groß, höchstens { $limit } geht.
refusal-not-stored = Im Moment werden keine Tasks angenommen: { $why }, und was nicht gespeichert ist, ginge verloren. Bitte später noch einmal versuchen.
refusal-busy = Der Bot ist überlastet, bitte in { $seconds } s noch einmal versuchen.
refusal-stopping = Der Bot wird gerade angehalten und nimmt keine neuen Tasks an.
retry-not-now = Task { $id }: { $state }. Noch einmal starten lässt sich nur, was gescheitert ist, abgebrochen wurde oder seine Ziffern verloren hat.
task-forgotten = Task { $id } ist nicht mehr gespeichert: Ein Board behält seine letzten { $jobs } fertigen Tasks, und keinen länger als { $time }

# Was zu viel Speicher bräuchte.
needs-memory = Die { $nth } Fibonacci-Zahl braucht { $need } Speicher, dieser Bot darf { $budget } benutzen.
need-memory = Diese { $members } Fibonacci-Zahlen brauchen zusammen { $need } Speicher, dieser Bot darf { $budget } benutzen.
largest-that-fits = Höchstens etwa fib { $largest } geht.
as-many-fit = So viele gehen, wenn keine größer ist als etwa { $largest }.

# Warum nichts gespeichert werden kann.
store-full = im Datenordner ist kein Platz mehr
store-read-only = der Datenordner ist schreibgeschützt
store-slow = die Festplatte ist zu langsam für alles, was zu speichern ist
store-broken = in den Datenordner lässt sich nicht schreiben: { $why }

# Zeiten.
about-left = noch etwa { $time }
about-left-short = noch ~{ $time }

# Wo etwas gesagt wird und wer es darf.
quit-refused = Nur Eigentümer dieses Bots dürfen ihn anhalten (der Betreiber setzt JOBBOARD_OWNERS).
answers-skipped = Zu viele Befehle auf einmal: Einige blieben ohne Antwort. dash zeigt das Board, wie es ist.
topic-gone = Das Thema hierzu wurde geschlossen oder gelöscht, darum steht es hier.

# Wer zu viel sagt.
rate-over = Das waren { $limit } Befehle in einer Minute, mehr nehme ich von einer Person nicht an. Der nächste geht in { $wait }; bis dahin sage ich nichts, aber kill geht weiter.
rate-over-press = Zu schnell: Von einer Person nehme ich { $limit } Befehle in der Minute an. Wieder in { $wait }.
days = { $count } Tage
