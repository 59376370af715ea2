package io.flm.system;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Which Python the optional tests ask: that of {@code -Dflm.test.python}, or {@code python3}. */
final class PythonModules {
    private static final long BOUND_SECONDS = 120;

    private PythonModules() {}

    /**
     * The first that has all modules; empty: none.
     *
     * @param modules as after {@code import}
     */
    static Optional<String> find(String modules) throws InterruptedException {
        for (String candidate : List.of(System.getProperty("flm.test.python", ""), "python3")) {
            if (!candidate.isEmpty() && imports(candidate, modules)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private static boolean imports(String python, String modules) throws InterruptedException {
        try {
            Process asked = new ProcessBuilder(python, "-c", "import " + modules)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!asked.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)) {
                asked.destroyForcibly();
                return false;
            }
            return asked.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such Python
        }
    }
}
