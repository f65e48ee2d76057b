# Was angeboten wird, wenn jemand in einem anderen Chat den Namen des Bots tippt.

inline-fib = Eine Fibonacci-Zahl, nach ihrer Stelle
inline-dex = Ein Pokémon, nach Name oder Nummer
inline-button = Zum eigenen Board
inline-say-instead = Hier gehen fib NUM und dex NAME.
inline-not-here = Das braucht ein Board: bitte in einem Chat an mich senden.
inline-help-head = In jedem Chat tippen:
inline-help-tail = Alles andere geht in einem Chat mit mir: /help
inline-number = Die { $nth } Fibonacci-Zahl
inline-too-large = fib { $n } ist hierfür zu groß, höchstens { $limit } geht: bitte in einem Chat an mich senden.
inline-too-slow = Das hat zu lange gedauert. Bitte noch einmal versuchen oder in einem Chat an mich senden.
