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
