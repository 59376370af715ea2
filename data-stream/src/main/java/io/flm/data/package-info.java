/**
 * The way of a sample: its texts are read and tokenized, then its picture is read, decoded and augmented, then the text is
 * corrupted and both are put into a batch. Texts come first because their lengths decide which samples share a batch.
 *
 * <p>Read {@link io.flm.data.Ingest} first: it is the graph of named stages. {@link io.flm.data.LaneBatch} is what comes
 * out of it, {@link io.flm.data.RandomStream} is why it comes out the same on every machine. Corruption is data: spans,
 * masks and targets are integers in a {@link io.flm.data.TextBatch}, which the objective's {@link io.flm.data.Corruption}
 * makes of {@link io.flm.data.Sample}s, and the model only obeys them.
 *
 * <pre>
 * files      Dataset is the data set of Shards; TarShard, ShardTable, TarEntries below it; Split holds out, Order shuffles,
 *            Blend mixes sources
 * places     DataPaths is what lists and prefixes stand for; TarFiles opens shards: OpenFiles on disks, RemoteFiles on servers, by a
 *            RemoteStore for each kind of these; ShardContents is a pass, IndexFile what it found
 * examples   PictureSource and Examples are what all else knows of files: captions of shards, or what annotations say
 * texts      CaptionFiles, Tokenizer of a TokenizerKind, Windows of about equal length, FalseTexts of other examples
 * pictures   Pictures decodes and resizes, by Codecs: PngFile, JpegFile, WebpFile, and GIF, BMP, TIFF of
 *            io.flm.data.raster; Augmentation, RandAugment
 * batches    Corruption, TextBatch, Targets, LaneBatch, BatchReader
 * faults     BadSamples are named and replaced, BadShare ends a run with too many, LeftOut counts what is in no sample
 * </pre>
 */
@NullMarked
package io.flm.data;

import org.jspecify.annotations.NullMarked;
