package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.data.Examples;
import io.flm.data.TextForm;
import java.util.List;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

class SameTextsTest {
    private static Examples of(long size, LongFunction<String> text) {
        return new Examples() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public String name(long index) {
                return "sample " + index;
            }

            @Override
            public String sha256() {
                return "";
            }

            @Override
            public long[] pictures(long index) {
                return new long[] {index};
            }

            @Override
            public List<String> texts(long index) {
                return List.of(text.apply(index));
            }

            @Override
            public float[] labels(long index) {
                return new float[0];
            }

            @Override
            public TextForm textForm() {
                return TextForm.CAPTION;
            }
        };
    }

    @Test
    void textsThatAreAllTheSameAreTold() {
        assertThat(SameTexts.told(of(1000, index -> "a picture")))
                .hasValueSatisfying(told -> assertThat(told)
                        .startsWith("flm.train.matching is on, but the texts of 64 samples")
                        .contains("nothing is learnt by matching"));
    }

    @Test
    void oneOtherTextAmongThoseThatAreLookedAtIsEnough() {
        assertThat(SameTexts.told(of(128, index -> index == 126 ? "another" : "a picture")))
                .isEmpty();
        assertThat(SameTexts.told(of(1, index -> "a picture"))).isEmpty();
    }
}
