/* FLINT's side of the comparison: `flint run NUM` prints the number, `flint sample NUM TIMES` the seconds of a call.
   Compiled by the benchmark where FLINT is there: see flint.rs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flint/flint.h>
#include <flint/fmpz.h>

/* The NUM-th, counted from the 1st = 0. */
static char *digits(ulong n)
{
    fmpz_t number;
    char *text;
    fmpz_init(number);
    fmpz_fib_ui(number, n == 0 ? 0 : n - 1);
    text = fmpz_get_str(NULL, 10, number);
    fmpz_clear(number);
    return text;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "version") == 0)
        return puts(FLINT_VERSION) < 0;
    if (count == 3 && strcmp(words[1], "run") == 0)
        return puts(digits(strtoul(words[2], NULL, 10))) < 0;
    if (count == 4 && strcmp(words[1], "sample") == 0)
    {
        ulong n = strtoul(words[2], NULL, 10);
        long times = strtol(words[3], NULL, 10), left;
        double start;
        flint_free(digits(n));
        start = now();
        for (left = times; left > 0; left--)
            flint_free(digits(n));
        return printf("%.12f\n", (now() - start) / (double) times) < 0;
    }
    fputs("flint version | run NUM | sample NUM TIMES\n", stderr);
    return 2;
}
