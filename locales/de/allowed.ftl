### Wer einen Befehl des Betreibers ausführen darf, und Fragen davor.

run-not-declared = { $command } gibt es nicht mehr.
run-for-admins = { $command } ist für Admins dieses Chats und Eigentümer dieses Bots.
run-for-admins-unknown = { $command } ist für Admins dieses Chats und Eigentümer dieses Bots. Ob du Admin bist, hat Telegram mir nicht gesagt.
run-not-in-private = In einem privaten Chat ist { $command } nur für Eigentümer dieses Bots.
run-for-others = Du darfst { $command } hier nicht ausführen: das ist für andere.
run-question =
    { $command } ausführen?
    Das geschieht nur, wenn du innerhalb von { $within } ja sagst.
run-schedule-question =
    { $command } planen?
    Das geschieht nur, wenn du innerhalb von { $within } ja sagst; danach fragt niemand mehr.
run-schedule-refused = { $command } planen? Nein, es wird nicht geplant.
run-confirm-below = Sag ja oder nein in meiner Antwort.
run-not-your-question = Nur { $asker }, von dem der Task kommt, darf das beantworten.
run-confirmed = { $command } ausführen? Ja: das ist Task { $id }.
run-refused = { $command } ausführen? Nein, es wird nicht ausgeführt.
run-question-over = Diese Frage ist nicht mehr offen: sie wurde beantwortet oder ist zu alt.
run-declared-anew = Was { $command } tut, hat sich seit meiner Frage geändert: es wird nicht ausgeführt. Schick den Befehl noch einmal.
run-question-expired = Niemand hat innerhalb von { $within } ja gesagt: { $command } wird nicht ausgeführt.
run-too-many-questions = { $most } meiner Fragen sind hier offen. Beantworte erst diese.
button-yes = Ja
button-no = Nein
waits-for-others = wartet auf ein anderes { $command }
