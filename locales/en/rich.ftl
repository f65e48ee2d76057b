# In rich messages, beside what stands in plain ones.

all-digits = All { $count } digits
all-results =
    { $count ->
        [one] The whole result
       *[other] All { $count } results
    }
