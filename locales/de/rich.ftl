# In Rich Messages, neben dem, was in einfachen steht.

all-digits = Alle { $count } Stellen
all-results =
    { $count ->
        [one] Das ganze Ergebnis
       *[other] Alle { $count } Ergebnisse
    }
