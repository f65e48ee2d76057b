# Die Befehle, und was an einem falsch sein kann.

help-dex = Ein Pokémon in PokeAPI nachschlagen
help-dex-multi = Mehrere nebenläufig nachschlagen, als ein Task
help-fib = Die NUM-te Fibonacci-Zahl, gezählt ab der 1. = 0
help-fib-multi = Mehrere Fibonacci-Zahlen parallel, als ein Task
help-job = Das Ergebnis eines Tasks oder „Still waiting“
help-kill = Tasks abbrechen
help-retry = Einen gescheiterten oder abgebrochenen Task noch einmal starten, als neuen Task
help-dash = Das Board des Chats
help-timeline = Ein Bild der letzten Tasks: was gewartet hat und was nebeneinander lief
help-settings = Was dieser Chat eingestellt hat
help-help = Was sich sagen lässt
help-start = Was dieser Bot ist
help-quit = Nur für Eigentümer: den Bot geordnet anhalten

help-head = Was sich sagen lässt:
help-in-group = Eine Antwort auf eine meiner Nachrichten braucht keinen Schrägstrich: kill als Antwort auf eine Karte bricht ihren Task ab.
help-in-private = Der Schrägstrich ist hier nicht nötig. kill, job oder retry als Antwort auf eine Karte meint ihren Task.
help-example = Zum Beispiel: { $example }
welcome = Dieser Chat hat ein Board für Tasks: Was hier gesendet wird, führe ich aus und melde, wenn es fertig ist. Alle hier sehen dasselbe Board (dash).

unknown-command = „{ $word }“ ist unbekannt. help zeigt, was sich sagen lässt.
unknown-command-near = „{ $word }“ ist unbekannt: War { $name } gemeint?
missing = { $command } braucht { $what }: { $example }
too-many-members = { $command } nimmt höchstens { $most } auf einmal, nicht { $count }.
not-a-number = { $command }: „{ $word }“ ist keine lesbare ganze Zahl; bitte mit den Ziffern 0 bis 9 schreiben: { $example }
zero = { $command }: Eine 0. Zahl gibt es nicht, gezählt wird ab 1 (die 1. ist 0): fib 1
too-large = { $command }: { $word } ist zu groß, höchstens { $limit } geht.
not-a-task = { $command }: „{ $word }“ ist nicht die Nummer eines Tasks: { $example }
not-a-theme = { $command }: „{ $word }“ ist weder light noch dark: { $example }
not-a-pokemon = { $command }: „{ $word }“ ist weder Nummer noch Name; Namen bestehen aus den Buchstaben a bis z und Bindestrichen: { $example }
one-more = { $command } nimmt nur eins, „{ $word }“ ist zu viel: { $example }
one-more-multi = { $command } nimmt nur eins, „{ $word }“ ist zu viel: War { $command }-multi { $words } gemeint? (In einer Zahl trennt _: 1_000_000.)
stands-alone = { $command } steht allein: „{ $word }“ ist zu viel.

# Was ein Befehl braucht.
want-pokemon = Nummer oder Namen eines Pokémon
want-many-pokemon = Nummern oder Namen
want-number = eine Zahl
want-numbers = Zahlen
want-task = die Nummer eines Tasks
want-tasks = die Nummer eines Tasks oder all
want-setting = den Namen einer Einstellung
want-command = einen Befehl
want-theme = light oder dark
