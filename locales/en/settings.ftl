# What a chat can choose.

settings-head = Settings of this chat:
settings-change = To change it: settings { $key } { $values }
settings-rich = Rich messages: the board is a table, long results are folded. Some apps show them blank still.
settings-rich-on = Rich messages are on: try dash. If it looks blank, your app cannot show them: settings rich off
settings-rich-off = Rich messages are off.
settings-language = The language in which I speak here. Where none was chosen: in a private chat that of the app, in a group English.
settings-language-is = I speak English here now.
settings-not-allowed = Only an admin of this group may change its settings.
settings-not-known = I could not find out whether you are an admin here, and only admins may change settings. Please try again later.
settings-not-stored = It stays as it was: { $why }.
settings-none = There is no setting "{ $word }". settings shows those there are.
settings-none-near = There is no setting "{ $word }": did you mean { $name }?
settings-missing = settings { $key } wants { $values }.
settings-not-a-value = settings { $key }: "{ $word }" is neither { $values }.
settings-or = or
settings-nor = nor
settings-timezone = The time zone of the schedules that are made from now on; UTC where none was chosen.
settings-timezone-is = New schedules go by the clock of { $zone }. Those that are there keep their time zone: schedules shows it.
settings-zone-missing = settings timezone wants a time zone: settings timezone Europe/Berlin
settings-not-a-zone = settings timezone: I do not know "{ $word }". Name it by its region and a city: settings timezone Europe/Berlin
settings-not-a-zone-near = settings timezone: I do not know "{ $word }": did you mean { $name }?
settings-missed = Schedules whose time has passed while the bot was away: run once, or skip.
settings-missed-run = What a schedule has missed while the bot was away is run once.
settings-missed-skip = What a schedule has missed while the bot was away is skipped.
