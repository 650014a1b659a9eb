/* libyaml's bare event loop over one file: microseconds for a document.  cc -O2 libyaml_events.c -lyaml */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yaml.h>

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words) {
    static unsigned char text[65536];
    FILE *file = count > 1 ? fopen(words[1], "rb") : NULL;
    if (!file) return 1;
    size_t size = fread(text, 1, sizeof text, file);
    enum { rounds = 20000 };
    double start = seconds();
    for (int round = 0; round < rounds; round++) {
        yaml_parser_t parser;
        yaml_event_t event;
        yaml_parser_initialize(&parser);
        yaml_parser_set_input_string(&parser, text, size);
        for (int done = 0; !done;) {
            if (!yaml_parser_parse(&parser, &event)) return 1;
            done = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
        yaml_parser_delete(&parser);
    }
    printf("%f\n", (seconds() - start) / rounds * 1e6);
    return 0;
}
