/**
 * Files that say of pictures what pixels do not: questions and answers, sentences and whether they are true, captions. Each reader
 * gives plain records, which a task makes {@link io.flm.data.annotation.Annotated} of; {@link
 * io.flm.data.annotation.AnnotatedExamples} finds their pictures in a source, and is what training and evaluation take.
 *
 * <pre>
 * files     VqaFiles, StatementFiles, CaptionFormats     of the forms that their data sets are published in, gzip or not
 *             by AnnotationFile: entry by entry, whole numbers and bounds, one-line errors
 * records   VqaQuestion, Statement, CaptionedPicture
 * examples  Annotated -> AnnotatedExamples;  SharedPictures compares two of them
 * shards    CaptionTable: captions to pretrain on, of CaptionEntries or CsvRows, kept in a CaptionSpool
 * </pre>
 *
 * <p>A file that contradicts itself is refused with what is wrong, how often, and where first: a question without an answer, an
 * answer without a question, a picture that is nowhere. Whatever a format lets be left out is left out and counted.
 */
@NullMarked
package io.flm.data.annotation;

import org.jspecify.annotations.NullMarked;
