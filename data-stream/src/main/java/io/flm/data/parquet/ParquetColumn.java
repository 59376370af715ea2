package io.flm.data.parquet;

/**
 * A column of values.
 *
 * @param field the number of the field of a row that it is of
 * @param name its own, below that field
 * @param type how a value is stored
 * @param definition the level of a value that is there: how many optional and repeated parts of its path are
 * @param repetition how many repeated parts its path has
 * @param repeatedAt the definition level from which a repeated part is there; 0: none is repeated
 */
record ParquetColumn(int field, String name, Type type, int definition, int repetition, int repeatedAt) {
    /** How values are stored, in the numbers of the format. */
    enum Type {
        BOOLEAN,
        INT32,
        INT64,
        INT96,
        FLOAT,
        DOUBLE,
        BYTE_ARRAY,
        FIXED_LEN_BYTE_ARRAY
    }

    boolean isNumber() {
        return type == Type.INT32 || type == Type.INT64;
    }

    boolean isBytes() {
        return type == Type.BYTE_ARRAY;
    }
}
