"""Which variables an image may bring: those of every honest CUDA image, none that reaches a hook on the host."""

from __future__ import annotations

import pytest

from sonobench_eval.intake.environment import environment_warnings, read_environment
from sonobench_eval.intake.records import ImageRefused, Refusal


def sentence_of(*entries: str) -> str:
    with pytest.raises(ImageRefused) as caught:
        read_environment(entries)
    assert caught.value.code == Refusal.UNSAFE_ENVIRONMENT
    return caught.value.sentence


class TestHonestImages:
    def test_the_environment_of_a_cuda_image(self) -> None:
        entries = (
            "PATH=/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/sbin:/usr/bin",
            "NVARCH=x86_64",
            "NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla,driver>=470,driver<471",
            "NVIDIA_VISIBLE_DEVICES=all",
            "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
            "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
            "PYTHONPATH=src:",
            "LD_BIND_NOW=1",
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.rtld.optional_static_tls=16384",
            "BASH_ENV=/root/.bashrc",
            "ENV=production",
        )
        environment = read_environment(entries)
        assert len(environment) == len(entries)
        assert environment_warnings(environment) == []

    @pytest.mark.parametrize(
        "entry", ["LD_PRELOAD=", "LD_PRELOAD", "LD_LIBRARY_PATH=", "GCONV_PATH=", "BASH_ENV=", "GLIBC_TUNABLES="]
    )
    def test_a_variable_without_value_is_harmless(self, entry: str) -> None:
        assert read_environment((entry,)) == {entry.partition("=")[0]: ""}

    @pytest.mark.parametrize("entry", ["ld_preload=/x.so", "MY_LD_PRELOAD=/x.so", "LD_LIBRARY_PATH_SAVED=.", "BASH_FUNCTIONS=1"])
    def test_names_that_only_resemble_the_dangerous_ones(self, entry: str) -> None:
        assert len(read_environment((entry,))) == 1


class TestHostileImages:
    @pytest.mark.parametrize(
        "name",
        ["LD_PRELOAD", "LD_AUDIT", "GCONV_PATH", "LD_PROFILE", "LD_PROFILE_OUTPUT", "LD_DEBUG_OUTPUT", "BASH_FUNC_mount%%"],
    )
    def test_what_loads_code_or_writes_files_is_refused_with_the_cure(self, name: str) -> None:
        sentence = sentence_of("PATH=/bin", f"{name}=/lib/evil.so")
        assert name in sentence
        assert "start script" in sentence

    @pytest.mark.parametrize("path", [".", "lib", "./", "..", "/usr/lib:lib", "/a;.", "$ORIGIN/lib", "~/lib", " /usr/lib"])
    def test_a_library_path_that_begins_where_the_program_stands(self, path: str) -> None:
        assert "Use absolute folders only" in sentence_of(f"LD_LIBRARY_PATH={path}")

    @pytest.mark.parametrize("path", [":", "/usr/lib:", ":/usr/lib", "/a::/b", "/a;"])
    def test_an_empty_part_of_the_library_path_is_a_warning_for_the_sandbox_leaves_it_out(self, path: str) -> None:
        (warning,) = environment_warnings(read_environment((f"LD_LIBRARY_PATH={path}",)))
        assert "LD_LIBRARY_PATH has an empty part" in warning

    @pytest.mark.parametrize("path", ["/proc/self/cwd", "/usr/../proc/1/cwd", "//proc/self/cwd", "/dev/fd/3", "/lib:/sys/x"])
    def test_a_library_path_that_leads_there_through_the_kernels_folders(self, path: str) -> None:
        assert "no libraries lie under" in sentence_of(f"LD_LIBRARY_PATH={path}")

    @pytest.mark.parametrize("path", ["/var/run/../proc/self/cwd", "/a/b/../../sys/x", "/bin/$LIB/../../proc/1/root"])
    def test_a_library_path_that_leads_there_where_the_host_has_a_link(self, path: str) -> None:
        assert "no libraries lie under" in sentence_of(f"LD_LIBRARY_PATH={path}")

    def test_parents_in_a_library_path_are_as_vendors_write_them(self) -> None:
        read_environment(("LD_LIBRARY_PATH=/opt/intel/oneapi/tbb/2021.5.1/env/../lib/intel64/gcc4.8:/opt/dev/lib",))

    def test_the_first_of_two_counts_as_much_as_the_last(self) -> None:
        sentence_of("LD_LIBRARY_PATH=.", "LD_LIBRARY_PATH=/usr/lib")

    @pytest.mark.parametrize("value", ["$(touch /x)", "/root/`id`", "$HOME/.bashrc"])
    def test_a_command_in_bash_env(self, value: str) -> None:
        assert "BASH_ENV holds a command" in sentence_of(f"BASH_ENV={value}")

    @pytest.mark.parametrize(
        "value",
        ["glibc.malloc.mxfast=glibc.malloc.mxfast=A", "glibc.malloc.mxfast=" + "A" * 101, "x", "a=b:", "a=b c", "a=b\n"],
    )
    def test_tunables_as_attacks_on_the_loader_write_them(self, value: str) -> None:
        assert "GLIBC_TUNABLES is not a list" in sentence_of(f"GLIBC_TUNABLES={value}")

    def test_names_are_shown_without_control_characters(self) -> None:
        assert sentence_of("BASH_FUNC_\x1b[31m%%=() { :; }").isprintable()
