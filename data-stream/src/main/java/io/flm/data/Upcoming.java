package io.flm.data;

/** When each shard comes in an order that is known in advance: what is needed last is the first to be given up. */
@FunctionalInterface
public interface Upcoming {
    /** How many places after the newest one a shard is needed next; 0: now. Any thread may ask. */
    long placesUntil(int shard);
}
