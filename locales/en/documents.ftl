# Beside whole results, and in their summaries.

document-on-its-way = The file is on its way
document-packed-first = It is compressed first, because Telegram takes { $limit }; the file is on its way
document-too-large = Too large for Telegram, which takes { $limit }: its first and last digits and a checksum are on their way
document-caption = The whole result of task { $id }
document-packed = The whole result of task { $id }: { $digits } digits, compressed (gzip) because Telegram takes documents of up to { $limit }
document-summary = Task { $id }: { $digits } digits are too many for Telegram, which takes documents of up to { $limit }. Here are the first and the last thousand and a checksum, and how to get all of them.
document-not-needed = The message about task { $id } shows all there is.
document-failed = The file of task { $id } could not be made; the operator finds why in the log.

summary-start = This is not the whole result, which has { $whole }: Telegram takes documents of up to { $limit }.
summary-start-packed = This is not the whole result, which has { $whole }, and about { $packed } when it is compressed: Telegram takes documents of up to { $limit }.
summary-number = The { $nth } fibonacci number has { $digits } digits.
summary-all = All of them:
summary-first = The first { $count }:
summary-last = The last { $count }:
summary-checksum = SHA-256 of all digits, without a newline at the end:
summary-how = To get all of them: jobboard fib { $n }
summary-file = The bot's operator finds them in the data folder: results/{ $file }

bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
