/**
 * What {@code --data} may name: {@link io.flm.data.source.Sources} is the one place that knows every kind of it. A kind is a way to open
 * a file as a {@link io.flm.data.Shard}; what a shard is made of lies in a package of its own.
 *
 * <pre>
 * .tar, .tar.gz         io.flm.data.Dataset.TAR                pictures and captions in WebDataset's form
 * .arrow                io.flm.data.arrow.ArrowShard           rows of pictures and captions, as ViLT writes them
 * .parquet              io.flm.data.parquet.ParquetShard       rows of pictures and captions, as Hugging Face has them
 * .json                 io.flm.data.annotation.CaptionTable    COCO's or Karpathy's captions, beside pictures
 * .csv, .tsv            io.flm.data.annotation.CaptionTable    a picture and a caption a line, beside pictures
 * </pre>
 *
 * Lists of paths and prefixes of buckets are replaced before, by what they stand for: {@link io.flm.data.DataPaths}. Where a tar file lies,
 * on a disk, a server or in a bucket, is not seen here.
 */
@NullMarked
package io.flm.data.source;

import org.jspecify.annotations.NullMarked;
