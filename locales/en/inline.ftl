# What is offered to somebody who types the bot's name in another chat.

inline-fib = A Fibonacci number, by its place
inline-dex = A Pokémon, by its name or number
inline-button = Open your job board
inline-say-instead = Here I know fib NUM and dex NAME.
inline-not-here = That needs a board: send it to me in a chat.
inline-help-head = Type this in any chat:
inline-help-tail = Everything else is done in a chat with me: /help
inline-number = The { $nth } Fibonacci number
inline-too-large = fib { $n } is too large for this, the largest here is { $limit }: send it to me in a chat.
inline-too-slow = That took too long. Try again, or send it to me in a chat.
