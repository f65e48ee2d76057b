# Im Bild der letzten Tasks und darum herum.

timeline-nothing = Noch gibt es nichts zu zeichnen: Die Tasks auf diesem Board liefen, bevor ihre Zeiten festgehalten wurden.
timeline-not-drawn = Das Bild ließ sich nicht zeichnen, durch einen Fehler im Bot; der Betreiber findet ihn im Log.
button-light = Hell
button-dark = Dunkel

# Im Bild: keine Buchstaben, die seine Schrift nicht hat.
legend-waits = wartet
legend-runs = rechnet auf einem Worker
legend-asks = Anfrage
legend-cancelled = abgebrochen
legend-failed = gescheitert
legend-others = andere Chats
axis-now = jetzt
lane-waiting = wartend
lane-at-once = sofort
lane-requests = Anfragen
lane-worker = Worker { $number }
lanes-more = +{ $count } mehr

# Darunter.
caption-parallel =
    { $workers ->
        [one] bis zu { $parallel } von { $workers } CPU-Worker zugleich beschäftigt
       *[other] bis zu { $parallel } von { $workers } CPU-Workern zugleich beschäftigt
    }
caption-concurrent =
    { $count ->
        [one] höchstens { $count } Anfrage zur selben Zeit
       *[other] bis zu { $count } Anfragen zur selben Zeit
    }
caption-failed = { $count } gescheitert
caption-cancelled = { $count } abgebrochen
caption-unfinished = { $count } noch nicht fertig

# Der Weg eines Mitglieds.
member-request = Anfrage { $number }
member-runs = läuft seit { $time }
member-failed = nach { $time } gescheitert
member-cancelled = nach { $time } abgebrochen
member-never-began = vor dem Beginn abgebrochen
members-left-out = … und { $count } mehr; timeline zeichnet alle
