### Who may run a declared command, and questions before it runs.

run-not-declared = { $command } is not offered any more.
run-for-admins = { $command } is for admins of this chat and owners of this bot.
run-for-admins-unknown = { $command } is for admins of this chat and owners of this bot. You are not known to be an admin: Telegram did not tell me.
run-not-in-private = In a private chat, { $command } is for owners of this bot only.
run-for-others = You may not run { $command } here: it is for others.
run-question =
    Run { $command }?
    It runs only if you say yes within { $within }.
run-schedule-question =
    Schedule { $command }?
    It is scheduled only if you say yes within { $within }; its runs ask nobody.
run-schedule-refused = Schedule { $command }? No: it is not scheduled.
run-confirm-below = Say yes or no in my answer.
run-not-your-question = Only { $asker }, who wants it, may answer this.
run-confirmed = Run { $command }? Yes: it is task { $id }.
run-refused = Run { $command }? No: it does not run.
run-question-over = This question is not open any more: it was answered, or is too old.
run-declared-anew = What { $command } does has changed since I asked: it does not run. Send the command again.
run-question-expired = Nobody said yes within { $within }: { $command } does not run.
run-too-many-questions = { $most } questions of mine are open here. Answer these first.
button-yes = Yes
button-no = No
waits-for-others = waits for another { $command }
