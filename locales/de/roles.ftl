# Wem ein Task gehört und wer was damit darf.

cancelled-blocked = Cancelled: Der Bot wurde blockiert
cancelled-removed = Cancelled: Der Bot wurde aus dem Chat entfernt
not-your-question = Das dürfen nur die gefragte Person, Admins dieses Chats oder Eigentümer dieses Bots beantworten.
asked-already = Das war eben schon gewünscht: Es ist da oder unterwegs.
not-known = Ob hier ein Admin fragt, hat Telegram nicht gesagt.
not-allowed-kill =
    { $known ->
        [yes] Task { $id } gehört { $owner }. Sonst dürfen ihn nur Admins dieses Chats oder Eigentümer dieses Bots abbrechen.
       *[no] Task { $id } gehört { $owner }. Sonst dürfen ihn nur Admins oder Eigentümer dieses Bots abbrechen.
    }
not-allowed-retry =
    { $known ->
        [yes] Task { $id } gehört { $owner }. Sonst dürfen ihn nur Admins dieses Chats oder Eigentümer dieses Bots noch einmal starten.
       *[no] Task { $id } gehört { $owner }. Sonst dürfen ihn nur Admins oder Eigentümer dieses Bots noch einmal starten.
    }
confirm-below = Der Task gehört { $owner }: bitte in meiner Antwort bestätigen.
task-of = Task { $id } von { $owner }, { $command }
kill-question = Wirklich abbrechen: { $task }?
kill-question-many =
    { $count ->
        [one] Diesen { $count } Task anderer abbrechen?
       *[other] Diese { $count } Tasks anderer abbrechen?
    }
kill-question-rest = Für die übrigen noch einmal fragen: kill { $ids }
kill-all-question =
    { $count ->
        [one] Den einen offenen Task abbrechen?
       *[other] Alle { $count } offenen Tasks abbrechen?
    }
kill-own-question =
    { $count ->
        [one] Den einen eigenen offenen Task abbrechen?
       *[other] Die { $count } eigenen offenen Tasks abbrechen?
    }
kill-all-of-others =
    { $others ->
        [one] Den einen offenen Task abbrechen? Er gehört jemand anderem.
       *[other] Alle { $others } offenen Tasks abbrechen? Alle gehören anderen.
    }
kill-all-and-others =
    { $others ->
        [one] Alle { $all } offenen Tasks abbrechen? 1 davon gehört jemand anderem.
       *[other] Alle { $all } offenen Tasks abbrechen? { $others } davon gehören anderen.
    }
none-is-yours =
    { $others ->
        [one] Der eine offene Task gehört jemand anderem: Abbrechen dürfen ihn nur, wer ihn gesendet hat, Admins dieses Chats oder Eigentümer dieses Bots.
       *[other] Die { $others } offenen Tasks gehören anderen: Abbrechen dürfen einen Task nur, wer ihn gesendet hat, Admins dieses Chats oder Eigentümer dieses Bots.
    }
others-go-on =
    { $others ->
        [one] { $others } Task anderer läuft weiter: Abbrechen dürfen ihn nur, wer ihn gesendet hat, Admins dieses Chats oder Eigentümer dieses Bots.
       *[other] { $others } Tasks anderer laufen weiter: Abbrechen dürfen einen Task nur, wer ihn gesendet hat, Admins dieses Chats oder Eigentümer dieses Bots.
    }
