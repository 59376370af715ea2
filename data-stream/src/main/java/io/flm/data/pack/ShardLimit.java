package io.flm.data.pack;

/**
 * When a shard is full. One that holds nothing takes any sample.
 *
 * @param samples the most; 0: any number
 * @param bytes the most, of the file; 0: any number
 */
public record ShardLimit(long samples, long bytes) {
    /** Whether a shard that holds {@code its} samples in a file of {@code sizeBytes} has no room for {@code more} bytes of a sample. */
    boolean isReached(long its, long sizeBytes, long more) {
        return its > 0 && ((samples > 0 && its >= samples) || (bytes > 0 && sizeBytes + more > bytes));
    }
}
