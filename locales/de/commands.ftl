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

# Befehle, die der Betreiber eingerichtet hat.
help-declared = Was der Betreiber dieses Bots hinzugefügt hat:
help-declared-more = … und { $count } mehr: Das Befehlsmenü hat sie, und help NAME erklärt jeden.
declared-optional = { $wanted } (kann wegbleiben)
declared-word = { $parameter }: ein Wort
declared-int = { $parameter }: eine ganze Zahl von { $min } bis { $max }
declared-int-from = { $parameter }: eine ganze Zahl ab { $min }
declared-choice = { $parameter }: eines von { $values }
declared-choice-more = { $values } und { $count } mehr
declared-text = { $parameter }: ein Text
declared-date = { $parameter }: ein Tag, geschrieben 2026-11-29
declared-path = { $parameter }: eine Datei oder ein Ordner, mit dem Pfad unterhalb vom Ordner des Betreibers
declared-rest = { $parameter }: ein Wort oder mehrere
declared-open = { $command }: { $text } beginnt mit einem Anführungszeichen, das nichts schließt. Setze eines hinter das letzte Wort, das dazugehört.
declared-inside = { $command }: In { $word } steht ein Anführungszeichen mitten im Wort. Setze Anführungszeichen um das ganze Wort; vor einem, das zum Text gehört, steht ein Backslash.
declared-too-many = { $command }: „{ $word }“ ist ein Wort zu viel ({ $usage }). Mehrere Wörter, die zusammengehören, kommen in Anführungszeichen.
declared-too-many-words = { $command }: { $parameter } darf bis zu { $most } Wörter haben.
declared-unfit = { $command }: { $what } Zum Beispiel: { $example }
unfit = „{ $word }“ passt nicht zu { $wanted }.
unfit-empty = { $parameter } darf nicht leer sein.
unfit-too-long = { $parameter } hat { $bytes } Bytes; bis zu { $most } werden genommen.
unfit-hidden = „{ $word }“ enthält etwas Unsichtbares oder einen Zeilenumbruch; schreib es ohne das.
unfit-hyphen = „{ $word }“ beginnt mit einem Bindestrich: Ein Programm könnte es für eine Option halten.
unfit-several-words = { $parameter } ist ein Wort, und in „{ $word }“ sind Leerzeichen.
unfit-choice-near = „{ $word }“ kenne ich nicht: meintest du { $near }?
unfit-absolute = „{ $word }“ beginnt an der Wurzel; schreib den Pfad unterhalb vom Ordner des Betreibers.
unfit-upwards = „{ $word }“ führt nach oben; schreib den Pfad ohne „..“.
declared-admins-only = Das ist für die Admins einer Gruppe und die Eigentümer des Bots.
declared-owners-only = Das ist nur für die Eigentümer des Bots.
declared-others-only = Das ist für Leute und Chats, die der Betreiber dieses Bots festgelegt hat.
declared-confirmed = Du wirst noch einmal gefragt, bevor es läuft.
declared-limit = Nach { $limit } wird es angehalten.
