package io.flm.coordinator.http;

import java.util.Locale;

/** What a caller may do. */
enum Role {
    /** Sees how the run stands. */
    READ,
    /** Gives orders too. */
    OPERATE;

    boolean includes(Role wanted) {
        return compareTo(wanted) >= 0;
    }

    /** As it is called over HTTP and in the log. */
    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
