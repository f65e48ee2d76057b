# Neben ganzen Ergebnissen und in ihren Zusammenfassungen.

document-on-its-way = Die Datei ist unterwegs
document-packed-first = Sie wird erst komprimiert, weil Telegram nur { $limit } annimmt; die Datei ist unterwegs
document-too-large = Zu groß für Telegram, das { $limit } annimmt: Die ersten und letzten Ziffern und eine Prüfsumme sind unterwegs
document-caption = Das ganze Ergebnis von Task { $id }
document-packed = Das ganze Ergebnis von Task { $id }: { $digits } Stellen, komprimiert (gzip), weil Telegram Dokumente bis { $limit } annimmt
document-summary = Task { $id }: { $digits } Stellen sind zu viele für Telegram, das Dokumente bis { $limit } annimmt. Hier sind die ersten und die letzten tausend und eine Prüfsumme, und wie alle zu bekommen sind.
document-not-needed = Die Nachricht über Task { $id } zeigt schon alles.
document-failed = Die Datei von Task { $id } ließ sich nicht erzeugen; der Betreiber findet den Grund im Log.

summary-start = Dies ist nicht das ganze Ergebnis, das { $whole } hat: Telegram nimmt Dokumente bis { $limit } an.
summary-start-packed = Dies ist nicht das ganze Ergebnis, das { $whole } hat und komprimiert etwa { $packed }: Telegram nimmt Dokumente bis { $limit } an.
summary-number = Die { $nth } Fibonacci-Zahl hat { $digits } Stellen.
summary-all = Alle Ziffern:
summary-first = Die ersten { $count }:
summary-last = Die letzten { $count }:
summary-checksum = SHA-256 aller Ziffern, ohne Zeilenumbruch am Ende:
summary-how = So sind alle zu bekommen: jobboard fib { $n }
summary-file = Der Betreiber des Bots findet sie im Datenordner: results/{ $file }

bytes =
    { $count ->
        [one] { $count } Byte
       *[other] { $count } Bytes
    }
