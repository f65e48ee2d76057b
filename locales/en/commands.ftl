# The commands, and what can be wrong with one.

help-dex = Look a Pokémon up in PokeAPI
help-dex-multi = Look up several, concurrently, as one task
help-fib = The NUM-th Fibonacci number, counted from the 1st = 0
help-fib-multi = Several Fibonacci numbers, in parallel, as one task
help-job = A task's result, or "Still waiting"
help-kill = Cancel tasks
help-retry = Run a failed or cancelled task again, as a new task
help-dash = The chat's board
help-timeline = A picture of the last tasks: what waited, and what ran beside what
help-settings = What this chat has chosen
help-help = What can be said
help-start = What this bot is
help-quit = Owners only: stop the bot in good order

help-head = What can be said:
help-in-group = A reply to one of my messages needs no slash: kill as a reply to a card kills its task.
help-in-private = The slash is not needed here. A reply to a card with kill, job or retry means its task.
help-example = For example: { $example }
welcome = This chat has a board of jobs: I run what you send and tell when it is done. Everybody here sees the same board (dash).

unknown-command = I do not know "{ $word }". help tells what can be said.
unknown-command-near = I do not know "{ $word }": did you mean { $name }?
missing = { $command } wants { $what }: { $example }
too-many-members = { $command } takes up to { $most } at once, not { $count }.
not-a-number = { $command }: "{ $word }" is not a whole number I can read; write it in the digits 0 to 9: { $example }
zero = { $command }: there is no 0th number, counting starts at 1 (the 1st is 0): fib 1
too-large = { $command }: { $word } is too large, the largest I take is { $limit }.
not-a-task = { $command }: "{ $word }" is not a task's number: { $example }
not-a-theme = { $command }: "{ $word }" is neither light nor dark: { $example }
not-a-pokemon = { $command }: "{ $word }" is neither a number nor a name; write names with the letters a to z and hyphens: { $example }
one-more = { $command } takes one, and "{ $word }" is one more: { $example }
one-more-multi = { $command } takes one, and "{ $word }" is one more: did you mean { $command }-multi { $words }? (Inside a number write _: 1_000_000.)
stands-alone = { $command } stands alone: "{ $word }" is too much.

# What a command wants.
want-pokemon = a Pokémon's number or name
want-many-pokemon = numbers or names
want-number = a number
want-numbers = numbers
want-task = a task's number
want-tasks = a task's number, or all
want-setting = a setting's name
want-command = a command
want-theme = light or dark

# Commands that the operator has declared.
help-declared = What the operator of this bot has added:
help-declared-more = … and { $count } more: the command menu has them, and help NAME tells of each.
declared-optional = { $wanted } (may be left out)
declared-word = { $parameter }: one word
declared-int = { $parameter }: a whole number from { $min } to { $max }
declared-int-from = { $parameter }: a whole number from { $min } on
declared-choice = { $parameter }: one of { $values }
declared-choice-more = { $values } and { $count } more
declared-text = { $parameter }: a text
declared-date = { $parameter }: a day, written 2026-11-29
declared-path = { $parameter }: a file or folder, by its path below the operator's folder
declared-rest = { $parameter }: one word or several
declared-open = { $command }: { $text } begins with a quotation mark that nothing ends. Put one behind the last word that belongs to it.
declared-inside = { $command }: in { $word } a quotation mark stands within a word. Put marks around all of it; one that belongs to the text has a backslash before it.
declared-too-many = { $command }: "{ $word }" is one word more than it takes ({ $usage }). Several words that belong together go into quotation marks.
declared-too-many-words = { $command }: { $parameter } may be up to { $most } words.
declared-unfit = { $command }: { $what } For example: { $example }
unfit = "{ $word }" does not fit { $wanted }.
unfit-empty = { $parameter } must not be empty.
unfit-too-long = { $parameter } has { $bytes } bytes; up to { $most } are taken.
unfit-hidden = "{ $word }" holds something that cannot be seen, or a new line; write it without that.
unfit-hyphen = "{ $word }" begins with a hyphen: a program could take it for an option.
unfit-several-words = { $parameter } is one word, and "{ $word }" has blanks in it.
unfit-choice-near = I do not know "{ $word }": did you mean { $near }?
unfit-absolute = "{ $word }" begins at the root; write the path below the operator's folder.
unfit-upwards = "{ $word }" leads upwards; write the path without "..".
declared-admins-only = It is for the admins of a group, and for the bot's owners.
declared-owners-only = It is for the bot's owners alone.
declared-others-only = It is for people and chats that the operator of this bot has listed.
declared-confirmed = You are asked once more before it runs.
declared-limit = It is stopped after { $limit }.
