package io.flm.launch;

import java.util.List;

/** The configurations that ship with the program. */
final class Presets {
    /** What trains when nothing is said. */
    static final String DEFAULT = "emoji";

    static final List<String> NAMES = List.of("emoji", "mid", "headline", "tiny");

    private Presets() {}

    static String resource(String name) {
        return "presets/" + name + ".conf";
    }
}
