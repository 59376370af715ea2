package io.flm.data.pack;

/** Why a sample is not in the shards. */
public enum Rejection {
    CAPTION("no caption that can be used"),
    PICTURE("no picture that can be used"),
    KEY("a key that is no name of a file"),
    SMALL("a shorter side below --min-side"),
    LONG("more than --max-aspect times as long as wide"),
    WORDS("no caption of the length that is asked for"),
    DUPLICATE("like an earlier picture");

    private final String description;

    Rejection(String description) {
        this.description = description;
    }

    @Override
    public String toString() {
        return description;
    }
}
