package io.flm.launch.console;

import picocli.CommandLine.IVersionProvider;

/** The program's version, from its jar. */
public final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"flm " + number() + " on Java " + Runtime.version()};
    }

    /** Such as {@code 0.1.0}; {@code development} where the classes are in no jar. */
    public static String number() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
