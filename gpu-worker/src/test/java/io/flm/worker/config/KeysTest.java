package io.flm.worker.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeysTest {
    /** A negative value of theirs refers to another key. */
    private static final Set<String> NEGATIVE_AS_ANOTHER = Set.of("flm.train.warmup-steps", "flm.train.head-lr-factor");

    private static Key key(String tag, String value) {
        return Keys.of(ConfigFactory.parseString("flm {\n# What it\n# does.\n# " + tag + "\nkey = " + value + "\n}"))
                .find("flm.key")
                .orElseThrow();
    }

    @Test
    void aKeyIsWhatTheCommentAboveItSays() {
        Key threads = key("[operational] threads, 1 to 1024", "4");
        assertThat(threads.comment()).isEqualTo("What it does.");
        assertThat(threads.role()).isEqualTo(Key.Role.OPERATIONAL);
        assertThat(threads.domain().describe()).isEqualTo("a whole number from 1 to 1024 (threads)");
        assertThat(threads.defaultValue().unwrapped()).isEqualTo(4);
        assertThat(key("[identity] flm | mlm", "flm").domain().describe()).isEqualTo("one of flm, mlm");
        assertThat(key("[identity] on | off", "off").domain().kind()).isEqualTo(Domain.Kind.SWITCH);
        assertThat(key("[adjustable] devices", "auto").domain().describe()).isEqualTo("a text (devices)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Threads.                         | give it a comment, and as its last line a tag
            [operational]                    | give it a comment, and as its last line a tag
            [public] threads, 1 to 9         | [public]: give identity, adjustable or operational
            [operational] threads            | give a range
            [operational] threads, up to 9   | "up to 9": give a range
            [operational] threads, 8 to 9    | does not hold the default
            [operational] duration           | give a range
            """)
    void aTagOfAnotherFormIsRefusedWithItsKey(String tag, String message) {
        assertThatThrownBy(() -> key(tag, "4"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("reference.conf: flm.key: ")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({"-1", "2147483648", "2147483647", "1e300", "NaN", "Infinity", "-Infinity", "0x10", "''", "1e999999999"})
    void noKeyWithAnAmountTakesANumberThatMakesNoSense(String number) {
        Keys.known().byName().values().stream()
                .filter(key -> key.domain().range() != null)
                .filter(key -> !mayBe(key, number))
                .forEach(key -> assertThat(key.domain().check(ConfigValueFactory.fromAnyRef(number)))
                        .as("%s = %s", key.name(), number)
                        .isEmpty());
    }

    /** Seeds are any numbers; a plain number is a size in bytes or a duration in ms; rates and norms may be large. */
    private static boolean mayBe(Key key, String number) {
        boolean large = number.equals("2147483647") || number.equals("2147483648");
        return switch (key.domain().kind()) {
            case SIZE, DURATION -> large;
            case WHOLE -> key.name().endsWith(".seed") ? large || number.equals("-1") : isAsAnother(key, number);
            default -> (large && key.name().equals("flm.train.clip-norm")) || isAsAnother(key, number);
        };
    }

    private static boolean isAsAnother(Key key, String number) {
        return NEGATIVE_AS_ANOTHER.contains(key.name()) && number.equals("-1");
    }
}
