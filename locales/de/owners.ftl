# Was die Eigentümer des Bots sagen und hören, und wer ihn benutzen darf.

help-allow = Einen Chat zulassen; ohne Nummer: wer zugelassen ist
help-deny = Einen Chat sperren, was auch immer eingestellt ist: Seine offenen Tasks werden abgebrochen
help-stats = Wie es dem Bot geht
help-pause = Keine Tasks mehr starten: Was läuft, läuft weiter, der Rest wartet
help-resume = Wieder Tasks starten
help-reload = Die Datei mit den Befehlen des Betreibers neu lesen; eine fehlerhafte ändert nichts
help-owners = Für Eigentümer dieses Bots, in diesem Chat:
owners-only = { $command } ist für Eigentümer dieses Bots, in ihrem privaten Chat mit mir (der Betreiber setzt JOBBOARD_OWNERS).
not-a-chat = { $command }: „{ $word }“ ist nicht die Nummer eines Chats; die von Gruppen sind negativ: { $example }
want-chat = die Nummer eines Chats

stranger = Dieser Bot arbeitet für andere Chats. Damit er auch hier arbeitet, braucht sein Eigentümer diese Nummer: { $chat }
denied = Dieser Bot arbeitet nicht für diesen Chat.
cancelled-denied = Cancelled: Ein Eigentümer dieses Bots hat diesen Chat gesperrt

access-allowed-now = Chat { $chat } darf diesen Bot jetzt benutzen.
access-allowed-already = Chat { $chat } darf diesen Bot schon benutzen.
access-allowed-as-all = Chat { $chat } darf diesen Bot benutzen, wie jeder Chat (JOBBOARD_ALLOWED_CHATS ist leer). Es ist vermerkt, falls sich das ändert.
access-denied-now =
    { $tasks ->
        [0] Chat { $chat } darf diesen Bot nicht mehr benutzen. allow { $chat } lässt ihn wieder zu.
        [one] Chat { $chat } darf diesen Bot nicht mehr benutzen, sein einer offener Task wird abgebrochen. allow { $chat } lässt ihn wieder zu.
       *[other] Chat { $chat } darf diesen Bot nicht mehr benutzen, seine { $tasks } offenen Tasks werden abgebrochen. allow { $chat } lässt ihn wieder zu.
    }
access-denied-already = Chat { $chat } ist schon gesperrt.
access-owners = Chat { $chat } ist der private Chat eines Eigentümers, der immer zugelassen ist.
access-not-stored = Es bleibt, wie es war: { $why }.
access-every-chat = Jeder Chat darf diesen Bot benutzen, außer den hier gesperrten.
access-some-chats = Diese Chats dürfen diesen Bot benutzen, und die privaten Chats seiner Eigentümer:
access-setting = In JOBBOARD_ALLOWED_CHATS: { $chats }
access-allowed = Hier zugelassen: { $chats }
access-denied = Hier gesperrt: { $chats }
access-none = keine

paused-now = Pause: Bis resume startet kein Task. Noch laufend: { $running }, wartend: { $queued }.
paused-already = Es ist schon Pause. Noch laufend: { $running }, wartend: { $queued }.
resumed-now = Tasks starten wieder. Laufend: { $running }, wartend: { $queued }.
resumed-already = Es ist keine Pause. Laufend: { $running }, wartend: { $queued }.
pause-not-stored = Nach einem Neustart wäre es wieder anders: { $why }.

stats-head = Jobboard { $version }, läuft seit { $time }
stats-paused = Pause: Bis resume startet kein Task.
stats-chats = Chats mit Board: { $chats }. Personen, die in der letzten Stunde etwas gesendet haben: { $people }.
stats-access = Von Eigentümern zugelassene Chats: { $allowed }, gesperrte: { $denied }.
stats-tasks = Tasks: laufend { $running }, wartend { $queued }, fertig { $succeeded }, gescheitert { $failed }, abgebrochen { $cancelled }.
stats-slots = { $line }-Plätze: { $running } von { $slots } belegt, niemand wartet.
stats-slots-wait = { $line }-Plätze: { $running } von { $slots } belegt, wartend: { $waiting }, am längsten seit { $time }.
stats-memory = Speicher: Tasks haben { $used } von { $budget }.
stats-process = Speicher: Tasks haben { $used } von { $budget }, der Prozess hat { $process }.
stats-updates = Seit dem Start: Updates { $updates }, Nachrichten und Änderungen { $messages }, von Telegram verlangte Pausen (429) { $pauses }.
stats-store = Auf der Festplatte: { $size }.
