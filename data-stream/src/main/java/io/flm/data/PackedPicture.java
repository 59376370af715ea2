package io.flm.data;

/**
 * A picture that was decoded, as a shard is to hold it.
 *
 * @param file the bytes that were given, or what was made of them; empty where it is not wanted
 * @param format of {@code file}
 * @param width of the picture that was given, as it is seen
 * @param height of the same
 * @param hash its {@link DifferenceHash}; 0 where none was asked for
 */
public record PackedPicture(byte[] file, PictureFormat format, int width, int height, long hash) {}
