# Was ein Chat einstellen kann.

settings-head = Einstellungen dieses Chats:
settings-change = Ändern: settings { $key } { $values }
settings-rich = Rich Messages: Das Board ist eine Tabelle, lange Ergebnisse sind eingeklappt. Manche Apps zeigen sie noch leer.
settings-rich-on = Rich Messages sind an: dash zeigt sie. Sieht es leer aus, kann die App sie nicht zeigen: settings rich off
settings-rich-off = Rich Messages sind aus.
settings-language = Die Sprache, die ich hier spreche. Ist keine gewählt: im privaten Chat die der App, in einer Gruppe Englisch.
settings-language-is = Ab jetzt auf Deutsch; Befehle und feste Wendungen bleiben englisch.
settings-not-allowed = Nur Admins dieser Gruppe dürfen ihre Einstellungen ändern.
settings-not-known = Ob hier ein Admin fragt, ließ sich nicht feststellen, und nur Admins dürfen Einstellungen ändern. Bitte später noch einmal versuchen.
settings-not-stored = Es bleibt, wie es war: { $why }.
settings-none = Eine Einstellung „{ $word }“ gibt es nicht. settings zeigt alle.
settings-none-near = Eine Einstellung „{ $word }“ gibt es nicht: War { $name } gemeint?
settings-missing = settings { $key } braucht { $values }.
settings-not-a-value = settings { $key }: „{ $word }“ ist weder { $values }.
settings-or = oder
settings-nor = noch
settings-timezone = Die Zeitzone der Pläne, die von jetzt an entstehen; UTC, wo keine gewählt ist.
settings-timezone-is = Neue Pläne gehen nach der Uhr von { $zone }. Die schon da sind, behalten ihre Zeitzone: schedules zeigt sie.
settings-zone-missing = settings timezone braucht eine Zeitzone: settings timezone Europe/Berlin
settings-not-a-zone = settings timezone: „{ $word }“ ist unbekannt. Sie heißt nach Region und Stadt: settings timezone Europe/Berlin
settings-not-a-zone-near = settings timezone: „{ $word }“ ist unbekannt: War { $name } gemeint?
settings-missed = Pläne, deren Zeit verging, während der Bot weg war: einmal ausführen (run) oder auslassen (skip).
settings-missed-run = Was ein Plan verpasst hat, während der Bot weg war, läuft einmal.
settings-missed-skip = Was ein Plan verpasst hat, während der Bot weg war, wird ausgelassen.
