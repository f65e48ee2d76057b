### The operator's file, read again.

reload-no-file = There is no file of declared commands: the operator sets JOBBOARD_JOBS_FILE.
reload-refused =
    { $count ->
        [one] Nothing has changed: the file has a mistake.
       *[other] Nothing has changed: the file has { $count } mistakes.
    }
reload-slow = Nothing has changed: the file could not be read in { $within }.
reload-done =
    { $count ->
        [one] The file declares { $count } command.
       *[other] The file declares { $count } commands.
    }
reload-added = New: { $names }
reload-changed = Changed: { $names }
reload-removed = Removed: { $names }
reload-same = Nothing has changed.
