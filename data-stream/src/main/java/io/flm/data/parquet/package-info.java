/**
 * Parquet files whose rows are pictures with their captions, as data sets of Hugging Face are. Read {@link
 * io.flm.data.parquet.ParquetShard} first.
 *
 * <pre>
 * ParquetShard     the rows as samples
 *   ChosenColumns    which columns they are made of
 *   ParquetFile      what the file says of itself: schema, row groups, where the chunk of each column lies
 *     Compact          Thrift's compact protocol, the encoding of that
 *   ColumnReader     the pages of a chunk: unpacked, levels and values decoded
 *     Levels           numbers in runs and in bits, as levels and dictionaries have them
 * </pre>
 *
 * <p>A file's footer and its keys are read when it is opened; pages of pictures and captions are read and unpacked as rows are asked for,
 * and the last ones are kept, so that rows one behind the other cost a page once.
 */
@NullMarked
package io.flm.data.parquet;

import org.jspecify.annotations.NullMarked;
