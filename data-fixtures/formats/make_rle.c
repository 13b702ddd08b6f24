/* Writes a row-compressed (RLE) SAS file with ReadStat: dates, datetimes, missing kinds, texts with runs of blanks. */
#include <readstat.h>
#include <fcntl.h>
#include <unistd.h>
#include <stdio.h>
#include <string.h>
#include <math.h>
static ssize_t put(const void *data, size_t len, void *ctx) { return write(*(int *)ctx, data, len); }
int main(void) {
    int fd = open("readstat_rle.sas7bdat", O_CREAT | O_WRONLY | O_TRUNC, 0644);
    readstat_writer_t *w = readstat_writer_init();
    readstat_set_data_writer(w, &put);
    readstat_writer_set_compression(w, READSTAT_COMPRESS_ROWS);
    readstat_variable_t *id = readstat_add_variable(w, "id", READSTAT_TYPE_STRING, 12);
    readstat_variable_t *day = readstat_add_variable(w, "day", READSTAT_TYPE_DOUBLE, 8);
    readstat_variable_set_format(day, "DATE9");
    readstat_variable_t *moment = readstat_add_variable(w, "moment", READSTAT_TYPE_DOUBLE, 8);
    readstat_variable_set_format(moment, "DATETIME20");
    readstat_variable_t *x = readstat_add_variable(w, "x", READSTAT_TYPE_DOUBLE, 8);
    readstat_variable_t *text = readstat_add_variable(w, "note", READSTAT_TYPE_STRING, 200);
    int n = 300;
    readstat_writer_set_file_timestamp(w, 1700000000);
    readstat_begin_writing_sas7bdat(w, &fd, n);
    for (int i = 0; i < n; i++) {
        char key[20], note[201];
        snprintf(key, sizeof key, "k%04d", i);
        int j = 0; for (int k = 0; k < i % 7; k++) j += snprintf(note + j, sizeof note - j, "%s", k % 2 ? "aaaaaaaaaaaa" : "b c");
        note[j] = 0;
        readstat_begin_row(w);
        readstat_insert_string_value(w, id, key);
        if (i % 11 == 3) readstat_insert_missing_value(w, day); else readstat_insert_double_value(w, day, 18000 + i % 900);
        if (i % 13 == 5) readstat_insert_tagged_missing_value(w, moment, 'A'); else readstat_insert_double_value(w, moment, (18000.0 + i) * 86400 + 3661);
        readstat_insert_double_value(w, x, i % 5 ? i / 8.0 : 0.0);
        readstat_insert_string_value(w, text, note);
        readstat_end_row(w);
    }
    readstat_error_t e = readstat_end_writing(w);
    if (e) fprintf(stderr, "error %d\n", (int)e);
    return e;
}
