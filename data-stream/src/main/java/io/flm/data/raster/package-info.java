/**
 * GIF, BMP and TIFF to RGB, by readers of their own: what the JDK's do to files that are odd or damaged differs from version to
 * version, and from Pillow. Read {@link io.flm.data.raster.RasterFile} first.
 *
 * <pre>
 * RasterFile   what a file is once its structure is read: a size, what decoding will take, the pixels
 *   GifFile      the first frame
 *   BmpFile      plain, with masks, run lengths
 *   TiffFile     the first page, in strips or tiles
 *     TiffTags     its directory
 *     TiffPixels   samples to colours
 *   Lzw          the codes of GIF and TIFF
 *   FileBytes    numbers in a file; a read outside of it is an error of the file
 * </pre>
 *
 * <p>A file that is cut or damaged throws an {@link java.io.IOException}; a kind of picture that is not read an {@link
 * io.flm.data.raster.UnreadException}, which names it.
 */
@NullMarked
package io.flm.data.raster;

import org.jspecify.annotations.NullMarked;
