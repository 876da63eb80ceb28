package main

import (
	"io"

	"github.com/spf13/cobra"
)

// bashAlone stands in for what the script of cobra needs of the package bash-completion, which
// small systems do not have: without it every Tab would print an error.
const bashAlone = `# What follows needs two functions of the package bash-completion. Where it is not there, these do.
if ! declare -F _get_comp_words_by_ref >/dev/null; then
_get_comp_words_by_ref() {
    local line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword > 0 ? cword - 1 : 0]}
}
fi
if ! declare -F __ltrim_colon_completions >/dev/null; then
__ltrim_colon_completions() {
    [[ $1 == *:* && $COMP_WORDBREAKS == *:* ]] || return 0
    local front=${1%"${1##*:}"} i
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$front"}; done
}
fi

`

// completeBashAlone puts that in front of the script for bash.
func completeBashAlone(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c, _, err := root.Find([]string{"completion", "bash"})
	if err != nil {
		return
	}
	script := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if _, err := io.WriteString(root.OutOrStdout(), bashAlone); err != nil {
			return err
		}
		return script(c, args)
	}
}
