package io.flm.data.arrow;

/** Types by their numbers in the format, with the buffers that one has beside those of its children. */
enum ArrowType {
    NONE(-1),
    NULL(0),
    INT(2),
    FLOAT(2),
    BINARY(3),
    UTF8(3),
    BOOL(2),
    DECIMAL(2),
    DATE(2),
    TIME(2),
    TIMESTAMP(2),
    INTERVAL(2),
    LIST(2),
    STRUCT(1),
    UNION(1),
    FIXED_SIZE_BINARY(2),
    FIXED_SIZE_LIST(1),
    MAP(2),
    DURATION(2),
    LARGE_BINARY(3),
    LARGE_UTF8(3),
    LARGE_LIST(2),
    RUN_END_ENCODED(0),
    BINARY_VIEW(-1), // how many buffers it has differs from batch to batch
    UTF8_VIEW(-1),
    LIST_VIEW(3),
    LARGE_LIST_VIEW(3);

    private final int buffers;

    ArrowType(int buffers) {
        this.buffers = buffers;
    }

    int buffers() {
        return buffers;
    }

    boolean isKnown() {
        return buffers >= 0;
    }

    static ArrowType of(int number) {
        return number > 0 && number < values().length ? values()[number] : NONE;
    }
}
